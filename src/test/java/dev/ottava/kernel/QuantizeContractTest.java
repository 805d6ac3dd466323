package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.oracle.HalfOracle;
import dev.ottava.oracle.QuantizeOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuantizeContractTest extends QuantizeContract {
    private static final int[][] SHAPES = {
        {1, 1},
        {1, 16},
        {15, 17},
        {16, 1},
        {31, 48},
        {127, 129},
        {128, 128},
        {129, 127},
        {130, 272},
        {257, 61},
        {3, 4099}
    };

    @Test
    void shapes() {
        for (int[] shape : SHAPES) {
            for (DType dtype : DTYPES) {
                float[] x = matrix(dtype, shape[0], shape[1]);
                for (DType format : FORMATS) {
                    for (Scaling scaling : Scaling.values()) {
                        compare(dtype, format, scaling, x, shape[0], shape[1]);
                    }
                }
            }
        }
    }

    /** Blocks that begin where those of 128 columns, and groups, do; and others. */
    @Test
    void specialValues() {
        for (int block : new int[] {16, 37, 128}) {
            for (DType dtype : DTYPES) {
                float[] x = special(dtype, 19, block);
                for (DType format : FORMATS) {
                    for (Scaling scaling : Scaling.values()) {
                        compare(dtype, format, scaling, x, 19, x.length / 19);
                    }
                }
            }
        }
    }

    /** The largest number of the dtype decides the scale of the whole tensor, wherever it is. */
    @Test
    void oneScalePerTensor() {
        for (int at : new int[] {0, 131, 130 * 300, 260 * 300 - 1}) {
            float[] x = matrix(DType.BF16, 260, 300);
            x[at] = -0x1p100f;
            compare(DType.BF16, DType.E4M3, Scaling.PER_TENSOR, x, 260, 300);
        }
        for (float all : new float[] {0, -3, 0x1p-133f}) {
            float[] x = new float[140 * 130];
            Arrays.fill(x, all);
            compare(DType.BF16, DType.E5M2, Scaling.PER_TENSOR, x, 140, 130);
        }
    }

    private void compare(DType dtype, DType format, Scaling scaling, float[] x, int rows, int columns) {
        QuantizeOracle expected =
                QuantizeOracle.of(oracle(format), blocks(scaling, rows, columns), null, x, rows, columns);
        int more = rows % 2 * 32;
        List<Output> outputs = run(bench -> {
            QuantizedMatrix q = matrix(bench, format, scaling, everyCopy(scaling), rows, columns, more);
            Quantize.quantize(q, bench.of(dtype, x, rows, columns));
            return tensors(q);
        });
        assertMatrix(expected, outputs, rows, columns, more);
    }

    private static void assertMatrix(QuantizeOracle expected, List<Output> outputs, int rows, int columns, int more) {
        assertScales(expected.scales(), outputs.get(outputs.size() - 1));
        assertCodes(expected.codes(), QuantizeOracle.filledUp(columns), outputs.get(0), more);
        if (outputs.size() == 3) {
            assertCodes(expected.transposed(), QuantizeOracle.filledUp(rows), outputs.get(1), more);
        }
    }

    /** What lies between the rows of x is not seen. */
    @Test
    void pitchOfX() {
        int rows = 131;
        int columns = 150;
        for (int more : new int[] {1, 10}) {
            for (DType dtype : DTYPES) {
                float[] x = matrix(dtype, rows, columns);
                float[] wide = new float[rows * (columns + more)];
                Arrays.fill(wide, Float.NaN);
                for (int i = 0; i < rows; i++) {
                    System.arraycopy(x, i * columns, wide, i * (columns + more), columns);
                }
                for (Scaling scaling : Scaling.values()) {
                    QuantizeOracle expected = QuantizeOracle.of(
                            oracle(DType.E4M3), blocks(scaling, rows, columns), null, x, rows, columns);
                    List<Output> outputs = run(bench -> {
                        QuantizedMatrix q = matrix(bench, DType.E4M3, scaling, everyCopy(scaling), rows, columns, 0);
                        Tensor source = bench.of(dtype, wide, rows, columns + more);
                        Status.check(Native.ottava_quantize(
                                source.device().stream(),
                                DType.E4M3.code(),
                                q.codes().address(),
                                q.codes().size(1),
                                Check.address(q.transposed()),
                                QuantizeOracle.filledUp(rows),
                                scaling.code(),
                                q.scales().address(),
                                0,
                                dtype.code(),
                                source.address(),
                                columns + more,
                                rows,
                                columns));
                        return tensors(q);
                    });
                    assertMatrix(expected, outputs, rows, columns, 0);
                }
            }
        }
    }

    /** Scales that nobody would make: too small, so that numbers saturate, 0, negative, NaN, infinite. */
    @Test
    void givenScales() {
        float[] odd = {1, 0.01f, 0x1p-126f, 0x1p-140f, 0, Float.NaN, 3, Float.POSITIVE_INFINITY, -2, 1e30f};
        int rows = 20;
        for (Scaling scaling : Scaling.values()) {
            for (DType format : FORMATS) {
                int columns = scaling == Scaling.GROUPS_16 ? 160 : 1230;
                float[] x = special(DType.F32, rows, columns / 12 + 1);
                x = Arrays.copyOf(x, rows * columns);
                compareGiven(format, scaling, odd, x, rows, columns);
            }
        }
        for (float scale : odd) {
            float[] x = special(DType.F32, rows, 11);
            compareGiven(DType.E4M3, Scaling.PER_TENSOR, new float[] {scale}, x, rows, x.length / rows);
        }
    }

    private void compareGiven(DType format, Scaling scaling, float[] scales, float[] x, int rows, int columns) {
        long count = Arrays.stream(scaling.shape(rows, columns)).reduce(1, (a, b) -> a * b);
        float[] given = new float[(int) count];
        for (int i = 0; i < given.length; i++) {
            given[i] = round(scaling == Scaling.GROUPS_16 ? DType.BF16 : DType.F32, scales[i % scales.length]);
        }
        QuantizeOracle expected =
                QuantizeOracle.of(oracle(format), blocks(scaling, rows, columns), given, x, rows, columns);
        List<Output> outputs = run(bench -> {
            QuantizedMatrix q = matrix(bench, format, scaling, everyCopy(scaling), rows, columns, 16);
            q.scales().copyFrom(given);
            Quantize.quantizeWithScales(q, bench.of(DType.F32, x, rows, columns));
            return tensors(q);
        });
        assertMatrix(expected, outputs, rows, columns, 16);
    }

    @Test
    void eachCopyAlone() {
        int rows = 145;
        int columns = 135;
        float[] x = matrix(DType.BF16, rows, columns);
        for (Scaling scaling : List.of(Scaling.PER_TENSOR, Scaling.BLOCKS_128)) {
            QuantizeOracle expected =
                    QuantizeOracle.of(oracle(DType.E5M2), blocks(scaling, rows, columns), null, x, rows, columns);
            for (Layout layout : List.of(Layout.CODES, Layout.TRANSPOSED)) {
                List<Output> outputs = run(bench -> {
                    QuantizedMatrix q = matrix(bench, DType.E5M2, scaling, layout, rows, columns, 0);
                    Quantize.quantize(q, bench.of(DType.BF16, x, rows, columns));
                    return tensors(q);
                });
                boolean codes = layout == Layout.CODES;
                assertCodes(
                        codes ? expected.codes() : expected.transposed(),
                        QuantizeOracle.filledUp(codes ? columns : rows),
                        outputs.get(0),
                        0);
                assertScales(expected.scales(), outputs.get(1));
            }
        }
    }

    @Test
    void scalesAlone() {
        int rows = 145;
        int columns = 135;
        float[] x = matrix(DType.BF16, rows, columns);
        for (Scaling scaling : Scaling.values()) {
            QuantizeOracle expected =
                    QuantizeOracle.of(oracle(DType.E4M3), blocks(scaling, rows, columns), null, x, rows, columns);
            List<Output> outputs = run(bench -> {
                QuantizedMatrix q = matrix(bench, DType.E4M3, scaling, everyCopy(scaling), rows, columns, 0);
                Quantize.scales(q, bench.of(DType.BF16, x, rows, columns));
                return tensors(q);
            });
            assertScales(expected.scales(), outputs.get(outputs.size() - 1));
            for (Output codes : outputs.subList(0, outputs.size() - 1)) {
                while (codes.bytes().hasRemaining()) {
                    assertEquals((byte) -1, codes.bytes().get(), codes.name());
                }
            }
        }
    }

    /** All 256 codes, with all kinds of scales. */
    @Test
    void dequantize() {
        float[] scales = {1, 0.3f, 0x1p-126f, 1e34f, Float.NaN, 0.007f};
        for (int[] shape : new int[][] {{1, 1}, {129, 257}, {37, 1013}}) {
            int rows = shape[0];
            int columns = shape[1];
            byte[] codes = new byte[rows * QuantizeOracle.filledUp(columns)];
            random.nextBytes(codes);
            for (DType format : FORMATS) {
                for (Scaling scaling : Scaling.values()) {
                    for (DType dtype : DTYPES) {
                        compareDequantize(dtype, format, scaling, scales, codes, rows, columns);
                    }
                }
            }
        }
    }

    private void compareDequantize(
            DType dtype, DType format, Scaling scaling, float[] someScales, byte[] codes, int rows, int columns) {
        long count = Arrays.stream(scaling.shape(rows, columns)).reduce(1, (a, b) -> a * b);
        float[] scales = new float[(int) count];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = round(DType.BF16, someScales[i % someScales.length]);
        }
        float[] expected =
                QuantizeOracle.dequantize(oracle(format), blocks(scaling, rows, columns), scales, codes, rows, columns);
        if (dtype == DType.BF16) {
            for (int i = 0; i < expected.length; i++) {
                expected[i] = (float) HalfOracle.BF16.value(HalfOracle.BF16.nearest(expected[i]));
            }
        }
        Output y = run(bench -> {
                    QuantizedMatrix q = matrix(bench, format, scaling, Layout.CODES, rows, columns, 0);
                    q.codes().copyFrom(Workbench.direct(codes));
                    q.scales().copyFrom(scales);
                    Tensor out = bench.empty(dtype, rows, columns);
                    Quantize.dequantize(out, q);
                    return List.of(out);
                })
                .get(0);
        assertArrayEquals(expected, y.floats(), y.name());
    }
}
