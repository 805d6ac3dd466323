package dev.ottava.oracle;

/** Philox4x32-10 (Salmon et al., 2011), and stochastic rounding to BF16 with it as {@code ottava/optimizer.h} defines it. */
public final class PhiloxOracle {
    private PhiloxOracle() {}

    /** The four words of one counter of four words under a key of two. */
    public static int[] words(int[] counter, int[] key) {
        int c0 = counter[0];
        int c1 = counter[1];
        int c2 = counter[2];
        int c3 = counter[3];
        int key0 = key[0];
        int key1 = key[1];
        for (int round = 0; round < 10; round++) {
            long left = (c0 & 0xffffffffL) * 0xd2511f53L;
            long right = (c2 & 0xffffffffL) * 0xcd9e8d57L;
            c0 = (int) (right >>> 32) ^ c1 ^ key0;
            c1 = (int) right;
            c2 = (int) (left >>> 32) ^ c3 ^ key1;
            c3 = (int) left;
            key0 += 0x9e3779b9;
            key1 += 0xbb67ae85;
        }
        return new int[] {c0, c1, c2, c3};
    }

    /** The 16 random bits of an element of a tensor in a step. */
    public static int bits(long element, long seed, int tensorIndex, int step) {
        long block = element / 8;
        int[] counter = {(int) block, (int) (block >>> 32), tensorIndex, step};
        int word = words(counter, new int[] {(int) seed, (int) (seed >>> 32)})[(int) (element % 8 / 2)];
        return element % 2 == 0 ? word & 0xffff : word >>> 16;
    }

    /** The BF16 value, as a float, that a float is rounded to with these random bits. */
    public static float round(float value, int bits) {
        if (Float.isNaN(value) || Float.isInfinite(value)) {
            return value;
        }
        return Float.intBitsToFloat((Float.floatToRawIntBits(value) + bits) & 0xffff0000);
    }
}
