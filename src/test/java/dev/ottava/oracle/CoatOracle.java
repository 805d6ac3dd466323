package dev.ottava.oracle;

/**
 * Groups of numbers in 8 bits, with dynamic range expansion (COAT, Xi et al., 2024, arXiv 2410.19313, section 4) as {@code ottava/optimizer.h} defines it, or
 * plainly scaled, to compare with. In double throughout.
 *
 * @param format of the codes
 * @param expansion whether the range is stretched, or contracted, to that of the format; else the exponent is 1
 * @param mostExponent 16 for first moments, 64 for second ones
 */
public record CoatOracle(Float8Oracle format, boolean expansion, double mostExponent) {
    /** Elements of a group. */
    public static final int GROUP = 128;

    private static final double LEAST = 0x1p-126;

    /**
     * A group in 8 bits.
     *
     * @param codes one for each number
     * @param largest magnitude, which the largest code stands for
     * @param exponent what (|x| / largest) is raised to
     */
    public record Group(byte[] codes, double largest, double exponent) {}

    /** What the library has of first moments: E4M3, expanded. */
    public static CoatOracle firstMoment() {
        return new CoatOracle(Float8Oracle.E4M3, true, 16);
    }

    /** What the library has of second moments: E4M3, expanded. */
    public static CoatOracle secondMoment() {
        return new CoatOracle(Float8Oracle.E4M3, true, 64);
    }

    /** The range that a group is stretched to. E4M3: half the square of 448, so that the smallest number is 2.3 times the smallest code. E5M2: all of it. */
    public double range() {
        return format == Float8Oracle.E4M3 ? 448.0 * 448 / 2 : format.largest() / format.value((byte) 1);
    }

    /** Rounds a group, of at most 128 numbers. */
    public Group quantise(float[] x) {
        double largest = 0;
        double smallest = Double.POSITIVE_INFINITY;
        for (float value : x) {
            double magnitude = magnitude(value);
            if (magnitude > 0 && magnitude <= Float.MAX_VALUE) {
                largest = Math.max(largest, magnitude);
                smallest = Math.min(smallest, magnitude);
            }
        }
        return quantise(x, largest, largest == 0 || !expansion ? 1 : exponent(largest, smallest, 0));
    }

    /** The exponent of a group whose range is off by so many powers of two, which says where rounding may go either way. */
    public double exponent(double largest, double smallest, double off) {
        double octaves = (Math.log(largest) - Math.log(smallest)) / Math.log(2) + off;
        double sixteenths =
                octaves <= 0 ? Double.POSITIVE_INFINITY : Math.floor(16 * Math.log(range()) / Math.log(2) / octaves);
        return Math.max(1, Math.min(16 * mostExponent, sixteenths)) / 16;
    }

    /** Rounds a group with a given largest magnitude and exponent. */
    public Group quantise(float[] x, double largest, double exponent) {
        byte[] codes = new byte[x.length];
        for (int i = 0; i < x.length; i++) {
            double magnitude = magnitude(x[i]);
            if (Double.isNaN(magnitude)) {
                codes[i] = 0x7f;
            } else if (magnitude > 0) {
                byte code = format.nearest(format.largest() * Math.pow(magnitude / largest, exponent));
                code = expansion ? (byte) Math.max(code, 1) : code;
                codes[i] = (byte) (x[i] < 0 ? code | 0x80 : code);
            }
        }
        return new Group(codes, largest, exponent);
    }

    /** What a group means. */
    public float[] dequantise(Group group) {
        float[] x = new float[group.codes().length];
        for (int i = 0; i < x.length; i++) {
            double q = format.value(group.codes()[i]);
            double magnitude = group.largest() * Math.pow(Math.abs(q) / format.largest(), 1 / group.exponent());
            x[i] = (float) (q == 0 ? 0 : Math.copySign(expansion ? Math.max(magnitude, LEAST) : magnitude, q));
        }
        return x;
    }

    /** Numbers below the normal floats count as the least of those. */
    private static double magnitude(float x) {
        return x == 0 || Float.isNaN(x) ? Math.abs((double) x) : Math.max(Math.abs((double) x), LEAST);
    }
}
