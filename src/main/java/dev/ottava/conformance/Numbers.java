package dev.ottava.conformance;

import java.util.Random;

/** Numbers of few bits, by arithmetic in double, where kernels work on bits. */
enum Numbers {
    F16(16, 10, -14, 15, true, 0x7fff),
    BF16(16, 7, -126, 127, true, 0x7fff),
    E5M2(8, 2, -14, 15, true, 0x7f),
    E4M3(8, 3, -6, 8, false, 0x7f),
    S8(8),
    S4(4);

    final int bits;
    private final int significandBits;
    private final int smallest;
    private final int largest;
    private final boolean infinities;
    private final int nan;

    /** The exponents are those of normal numbers. Without infinities the last code is the only NaN, and the others of its exponent are numbers. */
    Numbers(int bits, int significandBits, int smallest, int largest, boolean infinities, int nan) {
        this.bits = bits;
        this.significandBits = significandBits;
        this.smallest = smallest;
        this.largest = largest;
        this.infinities = infinities;
        this.nan = nan;
    }

    /** Two's complement. */
    Numbers(int bits) {
        this(bits, 0, 0, 0, false, 0);
    }

    boolean isInteger() {
        return significandBits == 0;
    }

    private int mask() {
        return (1 << bits) - 1;
    }

    private double most() {
        // Of E4M3 the last significand is the NaN.
        return Math.scalb(2 - Math.scalb(infinities ? 1.0 : 2.0, -significandBits), largest);
    }

    /** What the lowest bits of a code mean. */
    double value(int code) {
        if (isInteger()) {
            return code << (32 - bits) >> (32 - bits);
        }
        double sign = (code >> (bits - 1) & 1) == 0 ? 1 : -1;
        int magnitude = code & mask() >> 1;
        int exponent = magnitude >> significandBits;
        int significand = magnitude & ((1 << significandBits) - 1);
        if (infinities ? exponent == largest - smallest + 2 : magnitude == nan) {
            return infinities && significand == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        return exponent == 0
                ? sign * Math.scalb((double) significand, smallest - significandBits)
                : sign
                        * Math.scalb(
                                (double) ((1 << significandBits) + significand),
                                smallest - significandBits + exponent - 1);
    }

    /** The code of the nearest number, ties to even. Too large a number becomes the largest in 8 bits, infinite in 16. */
    int code(double value) {
        if (isInteger()) {
            return (int) value & mask();
        }
        int sign = Double.doubleToRawLongBits(value) < 0 ? 1 << (bits - 1) : 0;
        if (Double.isNaN(value)) {
            return nan;
        }
        double magnitude = bits == 8 ? Math.min(Math.abs(value), most()) : Math.abs(value);
        if (magnitude >= Math.scalb(1.0, largest + 1)) {
            return sign | (largest - smallest + 2) << significandBits;
        }
        int exponent = Math.max(Math.getExponent(magnitude), smallest);
        // One that rounds up to the next exponent carries into it, and from the last into infinity.
        int steps = (int) Math.rint(Math.scalb(magnitude, significandBits - exponent));
        return sign | ((exponent - smallest) << significandBits) + steps;
    }

    /** A code of a finite number. */
    int anyFinite(Random random) {
        while (true) {
            int code = random.nextInt() & mask();
            if (Double.isFinite(value(code))) {
                return code;
            }
        }
    }

    /** A code of an integer so small that sums of a hundred products are exact in any accumulator. */
    int anySmall(Random random) {
        return isInteger() ? random.nextInt() & mask() : code(random.nextInt(9) - 4);
    }
}
