package dev.ottava.oracle;

/**
 * Quantisation to FP8, in F32, operation by operation.
 *
 * @param codes [rows, columns filled up with zeros to a multiple of 16]
 * @param transposed [columns, rows filled up with zeros to a multiple of 16]
 * @param scales one per block, row by row
 */
public record QuantizeOracle(byte[] codes, byte[] transposed, float[] scales) {
    /** Who share a scale: blocks of so many rows and columns. {@code roundedUp}: to BF16. */
    public record Blocks(int rows, int columns, boolean roundedUp) {
        int across(int allColumns) {
            return (allColumns + columns - 1) / columns;
        }

        int of(int i, int j, int allColumns) {
            return i / rows * across(allColumns) + j / columns;
        }
    }

    /** Quantises x [rows, columns] with the scales, or, if they are null, those that it makes. */
    public static QuantizeOracle of(
            Float8Oracle format, Blocks blocks, float[] givenScales, float[] x, int rows, int columns) {
        float[] scales = givenScales != null ? givenScales : scales(format, blocks, x, rows, columns);
        int pitch = filledUp(columns);
        int transposedPitch = filledUp(rows);
        byte[] codes = new byte[rows * pitch];
        byte[] transposed = new byte[columns * transposedPitch];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                float quotient = x[i * columns + j] / scales[blocks.of(i, j, columns)];
                codes[i * pitch + j] = format.nearest(quotient);
                transposed[j * transposedPitch + i] = codes[i * pitch + j];
            }
        }
        return new QuantizeOracle(codes, transposed, scales);
    }

    private static float[] scales(Float8Oracle format, Blocks blocks, float[] x, int rows, int columns) {
        int down = (rows + blocks.rows - 1) / blocks.rows;
        float[] largest = new float[down * blocks.across(columns)];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                int block = blocks.of(i, j, columns);
                float magnitude = Math.abs(x[i * columns + j]);
                largest[block] = Float.isFinite(magnitude) ? Math.max(largest[block], magnitude) : Float.NaN;
            }
        }
        float[] scales = new float[largest.length];
        for (int b = 0; b < scales.length; b++) {
            scales[b] = scale(format, blocks.roundedUp, largest[b]);
        }
        return scales;
    }

    private static float scale(Float8Oracle format, boolean roundedUp, float largest) {
        if (Float.isNaN(largest)) {
            return Float.NaN;
        }
        float scale = largest == 0 ? 1 : Math.max(largest / format.largest(), 0x1p-126f);
        if (!roundedUp) {
            return scale;
        }
        short nearest = HalfOracle.BF16.nearest(scale);
        boolean below = HalfOracle.BF16.value(nearest) < scale;
        return (float) HalfOracle.BF16.value(below ? (short) (nearest + 1) : nearest);
    }

    /** code times scale, for each of the codes of [rows, columns], whose rows are a pitch apart. */
    public static float[] dequantize(
            Float8Oracle format, Blocks blocks, float[] scales, byte[] codes, int rows, int columns) {
        float[] x = new float[rows * columns];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                float value = (float) format.value(codes[i * filledUp(columns) + j]);
                x[i * columns + j] = value * scales[blocks.of(i, j, columns)];
            }
        }
        return x;
    }

    public static int filledUp(int count) {
        return (count + 15) / 16 * 16;
    }
}
