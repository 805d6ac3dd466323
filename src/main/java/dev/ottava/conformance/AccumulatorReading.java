package dev.ottava.conformance;

import dev.ottava.conformance.WarpgroupCases.Pair;
import dev.ottava.conformance.WarpgroupCases.Product;
import dev.ottava.core.Device;

/**
 * How FP8 wgmma adds up, read off from sums of a large product, 2^16, and small ones.
 *
 * @param bits of the significand that are kept: 2^(17 - bits) beside 2^16 still counts, half of it does not
 * @param rounds whether what is left of the last bit is rounded; else it is cut off
 * @param together how many neighbouring products are aligned to the largest of them before they are added; 1: they are added one by one
 * @param withSum whether each product is aligned to the sum of the instructions before; else the products are added to each other first
 */
public record AccumulatorReading(int bits, boolean rounds, int together, boolean withSum) {
    private static final Product KERNEL = Product.of(Numbers.E4M3, Numbers.E4M3, 64);
    private static final double LARGE = 256; // in products 0 and 31 of b; its square in the sum is 2^16
    private static final int SCALES = 18; // columns j of b: all other products are scaled by 2^(8 - j)

    // Rows of a, the experiments.
    private static final int SINGLE = 0; // large in product 0 and 2^(8 - i) in product 1, i from 0 to 17
    private static final int FRACTION = 18; // large in product 0 and 1.75 * 2^(7 - i) in product 1, i from 0 to 14
    private static final int PAIRS = 33; // large in product 31, 2 in products 2 q and 2 q + 1, q from 1 to 14
    private static final int NEXT = 48; // large in product 0, and in the next instruction 2 twice

    static Pair operands() {
        int[][] a = new int[64][KERNEL.depth()];
        int[][] b = new int[64][KERNEL.depth()];
        for (int i = 0; i < SCALES; i++) {
            put(a, SINGLE + i, 0, LARGE);
            put(a, SINGLE + i, 1, Math.scalb(1.0, 8 - i));
        }
        for (int i = 0; i < 15; i++) {
            put(a, FRACTION + i, 0, LARGE);
            put(a, FRACTION + i, 1, Math.scalb(1.75, 7 - i));
        }
        for (int q = 1; q < 15; q++) {
            put(a, PAIRS + q, 31, LARGE);
            put(a, PAIRS + q, 2 * q, 2);
            put(a, PAIRS + q, 2 * q + 1, 2);
        }
        put(a, NEXT, 0, LARGE);
        put(a, NEXT, 32, 2);
        put(a, NEXT, 33, 2);
        for (int j = 0; j < SCALES; j++) {
            for (int k = 0; k < KERNEL.depth(); k++) {
                put(b, j, k, k == 0 || k == 31 ? LARGE : Math.scalb(1.0, 8 - j));
            }
        }
        return new Pair(a, b);
    }

    private static void put(int[][] matrix, int row, int k, double value) {
        matrix[row][k] = Numbers.E4M3.code(value);
    }

    /** Reads it off on a device of architecture 90. */
    public static AccumulatorReading on(Device device) {
        int[] input = KERNEL.input(operands(), new int[64 * 64]);
        int[] words = new ConformanceCase(
                        "accumulation of FP8", KERNEL.kernel(), ConformanceCase.parametersOf(128), input, new int[8192])
                .run(device);
        float[][] sums = new float[64][64];
        for (int at = 0; at < 64 * 64; at++) {
            int thread = at / 32;
            int i = at % 32;
            sums[WarpgroupCases.row(thread, i)][WarpgroupCases.column(thread, i)] = Float.intBitsToFloat(words[at]);
        }
        return of(sums);
    }

    /** What the sums say, [64, 64] of {@link #operands}. */
    static AccumulatorReading of(float[][] sums) {
        int depth = 0; // the last at which 2^(16 - depth) counts
        while (depth + 1 < 2 * SCALES - 1 && counts(sums, SINGLE, depth + 1, SCALES)) {
            depth++;
        }
        int bits = depth + 1;
        if (bits < 8 || bits > 24) {
            throw new IllegalArgumentException("sums of " + bits + " bits cannot be read: 8 to 24");
        }
        // 7/8 of the last bit, and twice a half of it.
        boolean rounds = counts(sums, FRACTION, bits - 1, 15);
        int half = bits - 7;
        int lost = 0;
        while (lost < 14 && !counts(sums[PAIRS + 14 - lost][half])) {
            lost++;
        }
        int together = lost == 0 ? 1 : lost == 14 ? 32 : 2 * (lost + 1);
        return new AccumulatorReading(bits, rounds, together, !counts(sums[NEXT][half]));
    }

    /** Whether the small product of row first + i and column j, i + j = depth, has changed the sum. */
    private static boolean counts(float[][] sums, int first, int depth, int rows) {
        int i = Math.min(rows - 1, depth);
        return counts(sums[first + i][depth - i]);
    }

    private static boolean counts(float sum) {
        return sum > LARGE * LARGE;
    }

    @Override
    public String toString() {
        String order = together == 1
                ? "products added one by one"
                : "products aligned to the largest of " + together
                        + (withSum ? " and to the sum" : ", then added to the sum");
        return bits + " bits, " + (rounds ? "rounding" : "truncating") + ", " + order;
    }
}
