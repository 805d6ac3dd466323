package dev.ottava.core;

/**
 * FP8 on the host (Micikevicius et al., "FP8 Formats for Deep Learning", 2022). E4M3: largest 448, no infinities, NaN 0x7f and 0xff. E5M2: largest 57344,
 * infinities 0x7c and 0xfc, NaNs above them.
 */
public final class Float8 {
    private Float8() {}

    /** Exact. */
    public static float toFloat(DType format, byte code) {
        int significandBits = significandBits(format);
        int magnitude = code & 0x7f;
        float value;
        if (magnitude > largestCode(format)) {
            value = Float.intBitsToFloat(0x7f800000 | (magnitude << (23 - significandBits) & 0x7fffff));
        } else if (magnitude >> significandBits == 0) {
            value = magnitude * Math.scalb(1f, 1 - bias(format) - significandBits);
        } else {
            value = Float.intBitsToFloat((magnitude << (23 - significandBits)) + ((127 - bias(format)) << 23));
        }
        return code < 0 ? -value : value;
    }

    /** Rounds to nearest even; what is larger than the largest number, infinity too, becomes that; NaN becomes 0x7f. */
    public static byte fromFloat(DType format, float value) {
        if (Float.isNaN(value)) {
            return 0x7f;
        }
        int significandBits = significandBits(format);
        int smallestExponent = 1 - bias(format);
        int sign = Float.floatToRawIntBits(value) < 0 ? 0x80 : 0;
        if (Math.abs(value) > toFloat(format, (byte) largestCode(format))) {
            return (byte) (sign | largestCode(format));
        }
        int exponent = Math.max(Math.getExponent(value), smallestExponent);
        // In units of the last place, exact in double; one that rounds up to the next exponent carries into it.
        int steps = (int) Math.rint(Math.scalb((double) Math.abs(value), significandBits - exponent));
        return (byte) (sign | (((exponent - smallestExponent) << significandBits) + steps));
    }

    private static int significandBits(DType format) {
        return switch (format) {
            case E4M3 -> 3;
            case E5M2 -> 2;
            default -> throw new InvalidArgumentException(format + " is neither E4M3 nor E5M2");
        };
    }

    private static int bias(DType format) {
        return format == DType.E4M3 ? 7 : 15;
    }

    private static int largestCode(DType format) {
        return format == DType.E4M3 ? 0x7e : 0x7b;
    }
}
