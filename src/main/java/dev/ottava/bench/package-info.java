/** Benchmarks: how is measured (here), and what ({@link dev.ottava.bench.suite}). */
package dev.ottava.bench;
