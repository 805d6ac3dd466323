/** The training loop, its options, metrics and checkpoints. */
package dev.ottava.train;
