/** Benchmarks: what is measured, and how. */
package dev.ottava.bench;
