package dev.ottava.data;

/**
 * SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014), written out because a
 * run that is resumed with another Java must see the same order of rows.
 */
final class SplitMix64 {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private long state;

    SplitMix64(long state) {
        this.state = state;
    }

    /** An independent generator for each pair of seed and stream. */
    static SplitMix64 of(long seed, long stream) {
        return new SplitMix64(mix(mix(seed) + stream));
    }

    long next() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** From 0 to below {@code bound}; the bias of bound / 2^63 is too small to see. */
    int below(int bound) {
        return (int) Math.multiplyHigh(next() >>> 1, (long) bound << 1);
    }

    /** The numbers 0 .. count - 1 in a random order (Fisher and Yates, as Durstenfeld wrote it). */
    int[] permutation(int count) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = below(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
