package dev.ottava.conformance;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Conversions, and arithmetic of which IEEE 754 leaves nothing open. */
final class NumberCases {
    private static final int COUNT = 4096;

    private NumberCases() {}

    static List<ConformanceCase> all() {
        Random random = new Random(2);
        return List.of(conversions(random), arithmetic(random));
    }

    private static ConformanceCase conversions(Random random) {
        int[] input = new int[COUNT];
        // All exponents, those of FP8, values half between two, and all codes of 16 bits in the lower half in turn.
        Arrays.setAll(input, i -> switch (i % 4) {
            case 0 -> random.nextInt();
            case 1 -> Float.floatToRawIntBits((float) (random.nextGaussian() * Math.scalb(1.0, i / 4 % 40 - 20)));
            case 2 ->
                Float.floatToRawIntBits(
                        (float) Numbers.E4M3.anyFinite(random) * (float) Math.scalb(1.0, random.nextInt(20) - 14) / 16);
            default -> (random.nextInt() & 0xffff0000) | ((i * 16 + random.nextInt(64)) & 0xffff);
        });
        int[] special = {
            0,
            0x80000000,
            0x7f800000,
            0xff800000,
            0x7fc00000,
            0xffc00001,
            0x7f800001,
            1,
            0x43e80000,
            0x47700000,
            0x477fffff
        };
        System.arraycopy(special, 0, input, 0, special.length);
        int[] expected = new int[16 * COUNT];
        for (int i = 0; i < COUNT; i++) {
            int word = input[i];
            float value = Float.intBitsToFloat(word);
            float beside = Float.intBitsToFloat(input[i ^ 1]);
            int[] results = {
                Numbers.BF16.code(value),
                word << 16,
                Numbers.E4M3.code(value),
                Numbers.E5M2.code(value),
                four(
                        Numbers.E4M3.code(value),
                        Numbers.E4M3.code(beside),
                        Numbers.E4M3.code(-value),
                        Numbers.E4M3.code(-beside)),
                four(
                        Numbers.E5M2.code(value),
                        Numbers.E5M2.code(beside),
                        Numbers.E4M3.code(beside),
                        Numbers.E4M3.code(value)),
                f32(Numbers.E4M3.value(word)),
                f32(Numbers.E4M3.value(word >> 8)),
                f32(Numbers.E4M3.value(word >> 16)),
                f32(Numbers.E4M3.value(word >> 24)),
                f32(Numbers.E5M2.value(word)),
                f32(Numbers.E5M2.value(word >> 8)),
                f32(Numbers.E5M2.value(word >> 24)),
                Numbers.F16.code(Numbers.E4M3.value(word)) | Numbers.F16.code(Numbers.E4M3.value(word >> 8)) << 16,
                Numbers.F16.code(Numbers.E5M2.value(word)) | Numbers.F16.code(Numbers.E5M2.value(word >> 8)) << 16,
                f32(Numbers.F16.value(word)),
            };
            System.arraycopy(results, 0, expected, 16 * i, 16);
        }
        return new ConformanceCase(
                "conversions of BF16, E4M3 and E5M2",
                "any_conversions",
                ConformanceCase.parametersOf(COUNT),
                input,
                expected);
    }

    private static int four(int a, int b, int c, int d) {
        return a | b << 8 | c << 16 | d << 24;
    }

    /** The bits of a float; CUDA's NaN is one of all bits. */
    private static int f32(double value) {
        return Double.isNaN(value) ? 0x7fffffff : Float.floatToRawIntBits((float) value);
    }

    private static ConformanceCase arithmetic(Random random) {
        int[] input = new int[3 * COUNT];
        // No NaN, whose bits differ between processors, and nothing that gives one; subnormal numbers too.
        Arrays.setAll(
                input, i -> (random.nextInt() & 0x80000000) | ((2 + random.nextInt(0x7f000000)) >>> random.nextInt(2)));
        int[] expected = new int[12 * COUNT];
        for (int i = 0; i < COUNT; i++) {
            int u = input[3 * i];
            int v = input[3 * i + 1];
            float x = Float.intBitsToFloat(u);
            float y = Float.intBitsToFloat(v);
            int[] results = {
                Float.floatToRawIntBits(x + y),
                Float.floatToRawIntBits(x - y),
                Float.floatToRawIntBits(x * y),
                Float.floatToRawIntBits(Math.fma(x, y, Float.intBitsToFloat(input[3 * i + 2]))),
                Float.floatToRawIntBits(x / y),
                Float.floatToRawIntBits(1 / x),
                Float.floatToRawIntBits((float) Math.sqrt(Math.abs(x))),
                (int) (((u & 0xffffffffL) * (v & 0xffffffffL)) >>> 32),
                Integer.bitCount(u),
                Integer.numberOfLeadingZeros(u),
                Integer.numberOfTrailingZeros(u) + 1, // u is not 0
                (u >>> 16) & 0x7f80, // the exponent alone is the power of two
            };
            System.arraycopy(results, 0, expected, 12 * i, 12);
        }
        return new ConformanceCase(
                "arithmetic", "any_arithmetic", ConformanceCase.parametersOf(COUNT), input, expected);
    }
}
