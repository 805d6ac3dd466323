package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.SaleOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Means, codes and corrections. */
class SaleQuantizeContractTest extends SaleContract {
    private List<DType> dtypes() {
        return deviceName.equals("cpu") ? DTYPES : List.of(DType.BF16);
    }

    @Test
    void means() {
        for (DType dtype : dtypes()) {
            for (int headDim : new int[] {64, 128}) {
                for (int length : new int[] {1, 17, 512, 515}) {
                    int batch = 2;
                    int heads = 3;
                    int capacity = length + 2;
                    float[] x = gaussian(dtype, batch * capacity * heads * headDim, 1);
                    double[] expected = new double[batch * heads * headDim];
                    for (int i = 0; i < x.length; i++) {
                        if (i / (heads * headDim) % capacity < length) {
                            expected[i / (capacity * heads * headDim) * heads * headDim + i % (heads * headDim)] +=
                                    (double) x[i] / length;
                        }
                    }
                    List<Output> outputs = run(bench -> {
                        Tensor mean = bench.empty(DType.F32, batch, heads, headDim);
                        Sale.mean(mean, bench.of(dtype, x, batch, capacity, heads, headDim), length);
                        return List.of(mean);
                    });
                    outputs.get(0).assertNear(expected, 1e-6, 2e-6);
                }
            }
        }
    }

    @Test
    void codesAndScalesAreThoseOfTheFormat() {
        for (DType dtype : dtypes()) {
            for (FourBitRows.Kind kind : FourBitRows.Kind.values()) {
                compare(dtype, kind, 2, 3, 64, 33, 40);
                compare(dtype, kind, 1, 2, 128, 70, 70);
                compare(dtype, kind, 1, 1, 64, 1, 1);
            }
        }
    }

    private void compare(
            DType dtype, FourBitRows.Kind kind, int batch, int heads, int headDim, int length, int capacity) {
        float[] x = gaussian(dtype, batch * capacity * heads * headDim, 2);
        float[] mean = gaussian(DType.F32, batch * heads * headDim, 1);
        int row = heads * headDim;
        if (length > 30) {
            special(x, mean, row, headDim, dtype);
        }
        List<Output> outputs = quantize(dtype, kind, x, mean, batch, heads, headDim, length, capacity, 0);
        SaleOracle.Codes expected =
                SaleOracle.quantize(x, mean, batch, heads, headDim, length, capacity, kind == FourBitRows.Kind.KEYS);
        byte[][] codes = unpack(outputs.get(0).bytes(), headDim);
        float[] scales = outputs.get(1).floats();
        for (int i = 0; i < codes.length; i++) {
            byte[] untouched = new byte[headDim];
            Arrays.fill(untouched, (byte) -1);
            assertArrayEquals(i % capacity < length ? expected.codes()[i] : untouched, codes[i], "row " + i);
        }
        for (int i = 0; i < scales.length; i++) {
            float scale = expected.scales()[i]; // 0: of rows that are not there
            int bits = Float.floatToRawIntBits(scales[i]);
            assertEquals(scale == 0 ? -1 : Float.floatToIntBits(scale), bits, "scale " + i);
        }
        if (length > 64) {
            // The rows of a second chunk, after those of a first.
            List<Output> chunks = quantize(dtype, kind, x, mean, batch, heads, headDim, length, capacity, 40);
            for (int i = 0; i < 2; i++) {
                assertEquals(-1, outputs.get(i).bytes().mismatch(chunks.get(i).bytes()), "in chunks");
            }
        }
    }

    /** In the first head: rows that equal the mean, a row of tiny numbers, a NaN, an infinity. */
    private static void special(float[] x, float[] mean, int row, int headDim, DType dtype) {
        for (int d = 0; d < headDim; d++) {
            mean[d] = round(dtype, mean[d]);
            for (int i = 0; i < 16; i++) {
                if (i % 8 == 0 || i % 8 == 1) {
                    x[i * row + d] = mean[d];
                }
            }
            mean[headDim / 2] = 0;
            x[8 * row + headDim / 2] = 0x1p-130f;
        }
        x[16 * row + 3] = Float.NaN;
        x[22 * row + 5] = Float.NEGATIVE_INFINITY;
    }

    private List<Output> quantize(
            DType dtype,
            FourBitRows.Kind kind,
            float[] x,
            float[] mean,
            int batch,
            int heads,
            int headDim,
            int length,
            int capacity,
            int firstChunk) {
        return run(bench -> {
            FourBitRows to = new FourBitRows(
                    kind,
                    bench.empty(DType.I32, batch, heads, capacity, headDim / 8),
                    bench.empty(DType.F32, batch, heads, kind.scales(capacity)));
            Tensor rows = bench.of(dtype, x, batch, capacity, heads, headDim);
            Tensor means = bench.of(DType.F32, mean, batch, heads, headDim);
            if (firstChunk > 0) {
                Sale.quantize(to, rows, means, 0, firstChunk);
            }
            Sale.quantize(to, rows, means, firstChunk / 32 * 32, length);
            return List.of(to.codes(), to.scales());
        });
    }

    @Test
    void corrections() {
        for (DType dtype : dtypes()) {
            for (int headDim : new int[] {64, 128}) {
                int batch = 2;
                int heads = 4;
                int kvHeads = 2;
                int length = 70;
                int capacity = 75;
                SaleOracle shape = new SaleOracle(batch, heads, kvHeads, headDim, 1, length, capacity, 1, 1, 1);
                float[] k = gaussian(dtype, batch * capacity * kvHeads * headDim, 1);
                float[] keyMean = gaussian(DType.F32, batch * kvHeads * headDim, 1);
                float[] queryMean = gaussian(DType.F32, batch * heads * headDim, 1);
                List<Output> outputs = run(bench -> {
                    Chain chain = new Chain(bench, shape, dtype);
                    Tensor correction = chain.correction();
                    Sale.correction(
                            correction,
                            chain.keys(k),
                            bench.of(DType.F32, keyMean, batch, kvHeads, headDim),
                            bench.of(DType.F32, queryMean, batch, heads, headDim),
                            length);
                    return List.of(correction);
                });
                double[] expected = new double[batch * heads * 128];
                Arrays.fill(expected, Double.NaN); // not touched
                for (int head = 0; head < batch * heads; head++) {
                    for (int j = 0; j < length; j++) {
                        // A query of one position per head: its score is the correction.
                        expected[head * 128 + j] = shape.score(queryMean, k, keyMean, head, 0, j);
                    }
                }
                outputs.get(0).assertNear(expected, 1e-6, 1e-4);
            }
        }
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor x = bench.empty(DType.BF16, 1, 8, 2, 96);
                    Tensor mean = bench.empty(DType.F32, 1, 2, 96);
                    return () -> Sale.mean(mean, x, 8);
                },
                "head_dim 96",
                "64 nor 128");
        assertRefused(
                bench -> {
                    Tensor x = bench.empty(DType.BF16, 1, 8, 2, 64);
                    Tensor mean = bench.empty(DType.F32, 1, 2, 64);
                    return () -> Sale.mean(mean, x, 9);
                },
                "length 9",
                "capacity of 8");
        assertRefused(
                bench -> {
                    Tensor x = bench.empty(DType.BF16, 1, 40, 1, 64);
                    FourBitRows to = new FourBitRows(
                            FourBitRows.Kind.KEYS,
                            bench.empty(DType.I32, 1, 1, 40, 8),
                            bench.empty(DType.F32, 1, 1, 8));
                    Tensor mean = bench.empty(DType.F32, 1, 1, 64);
                    return () -> Sale.quantize(to, x, mean, 20, 40);
                },
                "first row 20",
                "multiple of 32");
    }
}
