package dev.ottava.optim;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdamWMoment;

/**
 * Moments as E4M3 in groups of 128 with dynamic range expansion (COAT, Xi et al., 2024, section 4), made and read on the host: for a state that was stored in
 * another form. The format is that of {@code ottava_adamw_update}; it is written here from the formula, in double, so that a code may differ by one from the
 * device's.
 *
 * <pre>x = sign(code) · largest · (|code| / 448)^(1 / exponent)</pre>
 */
public final class ExpandedMoments {
    private static final int GROUP = (int) AdamWMoment.GROUP;
    private static final int CHUNK = GROUP << 13;
    private static final double LARGEST_CODE = 448;
    private static final double SMALLEST_CODE = 1.0 / 512;
    /** The ratio that a group's is made: 2.3 of the smallest codes below the largest, so that the smallest x is not lost. */
    private static final double RATIO = LARGEST_CODE * LARGEST_CODE / 2;

    private ExpandedMoments() {}

    /**
     * Quantises.
     *
     * @param codes E4M3
     * @param groups F32, {@link AdamWMoment#groupShape}
     * @param x F32, as many elements as codes
     * @param second whether these are second moments, whose exponents may be larger
     */
    public static void encode(Tensor codes, Tensor groups, Tensor x, boolean second) {
        Tensor flatCodes = codes.view(codes.count());
        Tensor flatX = x.view(x.count());
        for (long from = 0; from < x.count(); from += CHUNK) {
            long to = Math.min(from + CHUNK, x.count());
            float[] values = flatX.rows(from, to).toFloats();
            float[] side = new float[2 * (int) AdamWMoment.groupShape(values.length)[0]];
            for (int first = 0; first < values.length; first += GROUP) {
                encode(values, first, Math.min(first + GROUP, values.length), side, second ? 64 : 16);
            }
            flatCodes.rows(from, to).copyFrom(values);
            groups.rows(from / GROUP, from / GROUP + side.length / 2).copyFrom(side);
        }
    }

    /** Makes values the numbers that the codes stand for. */
    private static void encode(float[] values, int from, int to, float[] side, double mostExponent) {
        double largest = 0;
        double smallest = Double.MAX_VALUE;
        for (int i = from; i < to; i++) {
            double size = size(values[i]);
            largest = Math.max(largest, size);
            smallest = size == 0 ? smallest : Math.min(smallest, size);
        }
        double exponent = 1;
        if (largest > 0) {
            double wanted = largest == smallest ? mostExponent : Math.log(RATIO) / Math.log(largest / smallest);
            exponent = Math.max(1.0 / 16, Math.min(mostExponent, Math.floor(16 * wanted) / 16));
        }
        side[2 * (from / GROUP)] = (float) largest;
        side[2 * (from / GROUP) + 1] = (float) exponent;
        for (int i = from; i < to; i++) {
            double size = size(values[i]);
            if (size > 0) {
                double code = Math.max(SMALLEST_CODE, LARGEST_CODE * Math.pow(size / largest, exponent));
                values[i] = (float) Math.copySign(code, values[i]);
            }
        }
    }

    /** |x|; what is below the normal numbers counts as the smallest of them. */
    private static double size(float x) {
        return x == 0 ? 0 : Math.max(Math.abs(x), Float.MIN_NORMAL);
    }

    /** Dequantises into x, F32 or BF16. */
    public static void decode(Tensor x, Tensor codes, Tensor groups) {
        Tensor flatCodes = codes.view(codes.count());
        Tensor flatX = x.view(x.count());
        for (long from = 0; from < x.count(); from += CHUNK) {
            long to = Math.min(from + CHUNK, x.count());
            float[] values = flatCodes.rows(from, to).toFloats();
            float[] side = groups.rows(from / GROUP, (to + GROUP - 1) / GROUP).toFloats();
            for (int i = 0; i < values.length; i++) {
                double largest = side[2 * (i / GROUP)];
                double exponent = side[2 * (i / GROUP) + 1];
                if (values[i] != 0) {
                    double size = largest * Math.pow(Math.abs(values[i]) / LARGEST_CODE, 1 / exponent);
                    values[i] = (float) Math.copySign(Math.max(size, Float.MIN_NORMAL), values[i]);
                }
            }
            flatX.rows(from, to).copyFrom(values);
        }
    }
}
