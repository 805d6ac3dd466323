package dev.ottava.data;

/**
 * Some sequences, padded on the right to the longest.
 *
 * @param rows sequences
 * @param length of the longest
 * @param ids [rows · length]; padding is 0
 * @param targets [rows · length]: the id that follows, -1 where none is asked for (padding, prompts, the end)
 * @param targetCount targets that are not -1
 * @param tokenCount ids without padding
 */
public record Batch(int rows, int length, int[] ids, int[] targets, long targetCount, long tokenCount) {}
