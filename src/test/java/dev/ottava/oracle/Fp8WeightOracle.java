package dev.ottava.oracle;

/**
 * LOMO of an E4M3 weight with a scale per block of 128 × 128, in F32, operation by operation, without decay and with a learning rate that is a power of two: then
 * the order of the operations before the one rounding does not show.
 *
 * @param codes [rows, columns filled up with zeros to a multiple of 16]
 * @param scales one per block, row by row
 */
public record Fp8WeightOracle(byte[] codes, float[] scales) {
    private static final int BLOCK = 128;

    /** Random bits are those of {@link PhiloxOracle}. {@code seed} null: to nearest even. */
    public record Rounding(Long seed, int tensorIndex, int step, boolean powerOfTwoScales) {}

    /** The weight after gradient [rows, columns]. */
    public Fp8WeightOracle updated(float[] gradient, int rows, int columns, float rate, Rounding rounding) {
        int pitch = QuantizeOracle.filledUp(columns);
        int across = (columns + BLOCK - 1) / BLOCK;
        float[] values = new float[rows * columns];
        float[] largest = new float[scales.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                int block = i / BLOCK * across + j / BLOCK;
                float before = (float) Float8Oracle.E4M3.value(codes[i * pitch + j]) * scales[block];
                float value = before - rate * gradient[i * columns + j];
                values[i * columns + j] = value;
                float magnitude = Math.abs(value);
                largest[block] = Float.isFinite(magnitude) ? Math.max(largest[block], magnitude) : Float.NaN;
            }
        }
        float[] newScales = new float[scales.length];
        for (int b = 0; b < scales.length; b++) {
            newScales[b] = scale(largest[b], rounding.powerOfTwoScales);
        }
        byte[] newCodes = new byte[rows * pitch];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                int element = i * columns + j;
                float x = values[element] / newScales[i / BLOCK * across + j / BLOCK];
                newCodes[i * pitch + j] = rounding.seed == null
                        ? Float8Oracle.E4M3.nearest(x)
                        : stochastic(x, PhiloxOracle.bits(element, rounding.seed, rounding.tensorIndex, rounding.step));
            }
        }
        return new Fp8WeightOracle(newCodes, newScales);
    }

    private static float scale(float largest, boolean powerOfTwo) {
        if (Float.isNaN(largest)) {
            return Float.NaN;
        }
        float scale = largest == 0 ? 1 : Math.max(largest / 448, 0x1p-126f);
        float below = Math.scalb(1f, Math.getExponent(scale));
        return !powerOfTwo || scale == below ? scale : 2 * below;
    }

    /** The code of x, whose magnitude in quanta, the distance of the numbers around it, is rounded up by these bits of 65536. */
    public static byte stochastic(float x, int bits) {
        if (Float.isNaN(x)) {
            return 0x7f;
        }
        double magnitude = Math.abs((double) x);
        double quantum = magnitude < 0x1p-6 ? 0x1p-9 : Math.scalb(1.0, Math.getExponent(magnitude) - 3);
        double quanta = Math.floor((Math.floor(magnitude / quantum * 65536) + bits) / 65536);
        return Float8Oracle.E4M3.nearest(Math.copySign(quanta * quantum, x));
    }
}
