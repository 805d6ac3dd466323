package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An operation with quantisation gives the same bits as the operation, and then quantisation. Those have their own contracts. */
class FusedQuantizeContractTest extends QuantizeContract {
    private static final List<Scaling> SCALINGS = List.of(Scaling.PER_TENSOR, Scaling.BLOCKS_128);
    private static final int[][] SHAPES = {{1, 1}, {129, 127}, {130, 264}};

    @Test
    void rmsNorm() {
        for (int[] shape : SHAPES) {
            for (DType dtype : DTYPES) {
                compareRmsNorm(dtype, matrix(dtype, shape[0], shape[1]), shape[0], shape[1]);
            }
        }
        compareRmsNorm(DType.F32, special(DType.F32, 19, 40), 19, 480);
        compareRmsNorm(DType.BF16, gaussian(DType.BF16, 2 * 8209, 3), 2, 8209); // a row that threads take in turns
        compareRmsNorm(DType.BF16, new float[130 * 130], 130, 130);
    }

    private void compareRmsNorm(DType dtype, float[] x, int rows, int columns) {
        float[] weight = gaussian(dtype, columns, 1);
        for (DType format : FORMATS) {
            for (Scaling scaling : SCALINGS) {
                compare(
                        bench -> {
                            QuantizedMatrix q = matrix(bench, format, scaling, Layout.BOTH, rows, columns, 16);
                            Tensor r = bench.empty(DType.F32, rows);
                            Quantize.rmsNorm(
                                    q, r, bench.of(dtype, x, rows, columns), bench.of(dtype, weight, columns), 1e-5);
                            return and(tensors(q), r);
                        },
                        bench -> {
                            QuantizedMatrix q = matrix(bench, format, scaling, Layout.BOTH, rows, columns, 16);
                            Tensor r = bench.empty(DType.F32, rows);
                            Tensor y = bench.empty(dtype, rows, columns);
                            RmsNorm.forward(
                                    y, r, bench.of(dtype, x, rows, columns), bench.of(dtype, weight, columns), 1e-5);
                            Quantize.quantize(q, y);
                            return and(tensors(q), r);
                        });
            }
        }
    }

    @Test
    void swiGlu() {
        for (int[] shape : SHAPES) {
            for (DType dtype : DTYPES) {
                compareSwiGlu(dtype, matrix(dtype, shape[0], shape[1]), shape[0], shape[1]);
            }
        }
        compareSwiGlu(DType.F32, special(DType.F32, 19, 40), 19, 480);
        compareSwiGlu(DType.BF16, special(DType.BF16, 19, 48), 19, 12 * 48);
    }

    private void compareSwiGlu(DType dtype, float[] gate, int rows, int columns) {
        float[] up = gaussian(dtype, rows * columns, 2);
        for (DType format : FORMATS) {
            for (Scaling scaling : SCALINGS) {
                compare(
                        bench -> {
                            QuantizedMatrix q = matrix(bench, format, scaling, Layout.BOTH, rows, columns, 0);
                            Quantize.swiGlu(
                                    q, bench.of(dtype, gate, rows, columns), bench.of(dtype, up, rows, columns));
                            return tensors(q);
                        },
                        bench -> {
                            QuantizedMatrix q = matrix(bench, format, scaling, Layout.BOTH, rows, columns, 0);
                            Tensor y = bench.empty(dtype, rows, columns);
                            SwiGlu.forward(y, bench.of(dtype, gate, rows, columns), bench.of(dtype, up, rows, columns));
                            Quantize.quantize(q, y);
                            return tensors(q);
                        });
            }
        }
    }

    @Test
    void swiGluBackward() {
        for (int[] shape : SHAPES) {
            for (DType dtype : DTYPES) {
                compareSwiGluBackward(dtype, matrix(dtype, shape[0], shape[1]), shape[0], shape[1], Layout.BOTH);
            }
        }
        compareSwiGluBackward(DType.F32, special(DType.F32, 19, 40), 19, 480, Layout.CODES);
        compareSwiGluBackward(DType.BF16, special(DType.BF16, 19, 48), 19, 12 * 48, Layout.TRANSPOSED);
    }

    private void compareSwiGluBackward(DType dtype, float[] dY, int rows, int columns, Layout layout) {
        float[] gate = gaussian(dtype, rows * columns, 4);
        float[] up = gaussian(dtype, rows * columns, 2);
        for (DType format : FORMATS) {
            for (Scaling scaling : SCALINGS) {
                compare(
                        bench -> {
                            QuantizedMatrix dGate = matrix(bench, format, scaling, layout, rows, columns, 0);
                            QuantizedMatrix dUp = matrix(bench, format, scaling, layout, rows, columns, 0);
                            Quantize.swiGluBackward(
                                    dGate,
                                    dUp,
                                    bench.of(dtype, dY, rows, columns),
                                    bench.of(dtype, gate, rows, columns),
                                    bench.of(dtype, up, rows, columns));
                            return tensors(dGate, dUp);
                        },
                        bench -> {
                            QuantizedMatrix dGate = matrix(bench, format, scaling, layout, rows, columns, 0);
                            QuantizedMatrix dUp = matrix(bench, format, scaling, layout, rows, columns, 0);
                            Tensor toGate = bench.empty(dtype, rows, columns);
                            Tensor toUp = bench.empty(dtype, rows, columns);
                            SwiGlu.backward(
                                    toGate,
                                    toUp,
                                    bench.of(dtype, dY, rows, columns),
                                    bench.of(dtype, gate, rows, columns),
                                    bench.of(dtype, up, rows, columns));
                            Quantize.quantize(dGate, toGate);
                            Quantize.quantize(dUp, toUp);
                            return tensors(dGate, dUp);
                        });
            }
        }
    }
}
