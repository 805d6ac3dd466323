/** Training data: files to sequences of token ids to batches. */
package dev.ottava.data;
