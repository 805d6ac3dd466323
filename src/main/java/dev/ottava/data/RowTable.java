package dev.ottava.data;

import dev.ottava.core.InvalidArgumentException;
import java.util.Arrays;

/** Where each row lies in a {@link TokenStore}, 16 bytes a row: all that is kept in memory of the data. */
final class RowTable {
    private static final int FOLLOWED = -1;

    private long[] starts = new long[16];
    private int[] lengths = new int[16];
    private int[] prompts = new int[16];
    private int size;

    /** A row of its own: nothing is asked for within the first {@code prompt} ids, nor after the last. */
    void add(long start, int length, int prompt) {
        if (size == Integer.MAX_VALUE - 8) {
            throw new InvalidArgumentException(
                    "more than " + size + " rows: train on part of the data, or raise --seq-len");
        }
        if (size == starts.length) {
            int capacity = (int) Math.min(2L * size, Integer.MAX_VALUE - 8);
            starts = Arrays.copyOf(starts, capacity);
            lengths = Arrays.copyOf(lengths, capacity);
            prompts = Arrays.copyOf(prompts, capacity);
        }
        starts[size] = start;
        lengths[size] = length;
        prompts[size++] = prompt;
    }

    /** A row cut out of running text: its last target is the id that follows it in the store. */
    void addFollowed(long start, int length) {
        add(start, length, FOLLOWED);
    }

    int size() {
        return size;
    }

    long start(int row) {
        return starts[row];
    }

    int length(int row) {
        return lengths[row];
    }

    /** Ids at the beginning of the row that are no targets. */
    int prompt(int row) {
        return Math.max(prompts[row], 0);
    }

    boolean followed(int row) {
        return prompts[row] == FOLLOWED;
    }
}
