package dev.ottava.oracle;

/** The floating-point formats of 16 bits by arithmetic in double, where kernels work on bits. */
public enum HalfOracle {
    F16(10, -14, 15),
    BF16(7, -126, 127);

    private final int significandBits;
    private final int smallest;
    private final int largest;

    /** The exponents are those of normal numbers. */
    HalfOracle(int significandBits, int smallest, int largest) {
        this.significandBits = significandBits;
        this.smallest = smallest;
        this.largest = largest;
    }

    /** What the bits mean. */
    public double value(short bits) {
        double sign = bits < 0 ? -1 : 1;
        int exponent = (bits & 0x7fff) >> significandBits;
        int significand = bits & ((1 << significandBits) - 1);
        if (exponent == largest - smallest + 2) {
            return significand == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        return exponent == 0
                ? sign * Math.scalb((double) significand, smallest - significandBits)
                : sign
                        * Math.scalb(
                                (double) (significand + (1 << significandBits)),
                                smallest - significandBits + exponent - 1);
    }

    /** The bits of the nearest number, ties to even; of a NaN, some NaN. */
    public short nearest(double value) {
        int sign = Double.doubleToRawLongBits(value) < 0 ? 0x8000 : 0;
        if (Double.isNaN(value)) {
            return 0x7fff;
        }
        int exponent = Math.max(Math.getExponent(value), smallest);
        int infinity = (largest - smallest + 2) << significandBits;
        if (exponent > largest) {
            return (short) (sign | infinity);
        }
        // In units of the last place; one that rounds up to the next exponent carries into it, and from the last into
        // infinity.
        int steps = (int) Math.rint(Math.scalb(Math.abs(value), significandBits - exponent));
        return (short) (sign | (((exponent - smallest) << significandBits) + steps));
    }
}
