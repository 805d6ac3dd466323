/** What is measured: one class per suite, which lists its cases. */
package dev.ottava.bench.suite;
