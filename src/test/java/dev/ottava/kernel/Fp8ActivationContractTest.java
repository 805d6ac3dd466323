package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Operations on saved activations, E4M3 in groups of 16, give the same bits as the operation on them dequantised to F32. Those have their own contracts. */
class Fp8ActivationContractTest extends QuantizeContract {
    private static final List<Scaling> SCALINGS = List.of(Scaling.PER_TENSOR, Scaling.BLOCKS_128);
    private static final int[][] SHAPES = {{1, 1}, {129, 127}, {35, 264}};

    /** The numbers as they are saved. */
    private static QuantizedMatrix saved(Workbench bench, float[] x, int rows, int columns, int more) {
        QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, rows, columns, more);
        Quantize.quantize(q, bench.of(DType.F32, x, rows, columns));
        return q;
    }

    /** The numbers that are saved, in F32. */
    private static Tensor widened(Workbench bench, float[] x, int rows, int columns) {
        Tensor wide = bench.empty(DType.F32, rows, columns);
        Quantize.dequantize(wide, saved(bench, x, rows, columns, 0));
        return wide;
    }

    /** Matrices of all shapes, with the dtype of the tensors beside them; among them NaNs and infinities, and a row that threads take in turns. */
    private void forEachMatrix(boolean wide, Body body) {
        for (int[] shape : SHAPES) {
            for (DType dtype : DTYPES) {
                body.run(dtype, matrix(DType.F32, shape[0], shape[1]), shape[0], shape[1]);
            }
        }
        body.run(DType.F32, special(DType.F32, 19, 40), 19, 480);
        if (wide) {
            body.run(DType.BF16, gaussian(DType.F32, 2 * 8209, 3), 2, 8209);
        }
    }

    private interface Body {
        void run(DType dtype, float[] x, int rows, int columns);
    }

    @Test
    void addAndQuantize() {
        forEachMatrix(false, (dtype, x, rows, columns) -> {
            float[] a = rounded(dtype, x);
            float[] b = matrix(dtype, rows, columns);
            for (boolean inPlace : new boolean[] {false, true}) {
                compare(
                        bench -> {
                            QuantizedMatrix twin =
                                    matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, rows, columns, 16);
                            Tensor left = bench.of(dtype, a, rows, columns);
                            Tensor y = inPlace ? left : bench.empty(dtype, rows, columns);
                            Quantize.addAndQuantize(y, twin, left, bench.of(dtype, b, rows, columns));
                            return and(tensors(twin), y);
                        },
                        bench -> {
                            QuantizedMatrix twin =
                                    matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, rows, columns, 16);
                            Tensor y = bench.empty(dtype, rows, columns);
                            Elementwise.add(y, bench.of(dtype, a, rows, columns), bench.of(dtype, b, rows, columns));
                            Quantize.quantize(twin, y);
                            return and(tensors(twin), y);
                        });
            }
        });
    }

    private static float[] rounded(DType dtype, float[] x) {
        float[] rounded = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            rounded[i] = round(dtype, x[i]);
        }
        return rounded;
    }

    @Test
    void rmsNorm() {
        forEachMatrix(true, (dtype, x, rows, columns) -> {
            float[] weight = gaussian(dtype, columns, 1);
            for (Scaling scaling : SCALINGS) {
                DType format = FORMATS.get(rows % 2);
                compare(
                        bench -> {
                            QuantizedMatrix q = matrix(bench, format, scaling, Layout.BOTH, rows, columns, 16);
                            Tensor r = bench.empty(DType.F32, rows);
                            Quantize.rmsNorm(
                                    q,
                                    r,
                                    saved(bench, x, rows, columns, 16 * (rows % 3)),
                                    bench.of(dtype, weight, columns),
                                    1e-5);
                            return and(tensors(q), r);
                        },
                        bench -> {
                            QuantizedMatrix q = matrix(bench, format, scaling, Layout.BOTH, rows, columns, 16);
                            Tensor r = bench.empty(DType.F32, rows);
                            Tensor y = bench.empty(DType.F32, rows, columns);
                            RmsNorm.forward(
                                    y, r, widened(bench, x, rows, columns), bench.of(DType.F32, weight, columns), 1e-5);
                            Quantize.quantize(q, y);
                            return and(tensors(q), r);
                        });
            }
        });
    }

    @Test
    void rmsNormBackward() {
        forEachMatrix(true, (dtype, x, rows, columns) -> {
            boolean accumulateDX = rows % 2 == 1;
            float[] dY = gaussian(dtype, rows * columns, 1);
            float[] weight = gaussian(dtype, columns, 1);
            float[] before = gaussian(dtype, rows * columns, 1);
            float[] dWeightBefore = gaussian(DType.F32, columns, 1);
            float[] r = gaussian(DType.F32, rows, 1);
            compare(
                    bench -> {
                        Tensor dX = bench.of(dtype, before, rows, columns);
                        Tensor dWeight = bench.of(DType.F32, dWeightBefore, columns);
                        RmsNorm.backward(
                                dX,
                                accumulateDX,
                                dWeight,
                                !accumulateDX,
                                bench.of(dtype, dY, rows, columns),
                                saved(bench, x, rows, columns, 16),
                                bench.of(dtype, weight, columns),
                                bench.of(DType.F32, r, rows));
                        return List.of(dX, dWeight);
                    },
                    bench -> {
                        Tensor dX = bench.of(DType.F32, before, rows, columns);
                        Tensor dWeight = bench.of(DType.F32, dWeightBefore, columns);
                        RmsNorm.backward(
                                dX,
                                accumulateDX,
                                dWeight,
                                !accumulateDX,
                                bench.of(DType.F32, dY, rows, columns),
                                widened(bench, x, rows, columns),
                                bench.of(DType.F32, weight, columns),
                                bench.of(DType.F32, r, rows));
                        Tensor rounded = bench.empty(dtype, rows, columns);
                        Elementwise.cast(rounded, dX);
                        return List.of(rounded, dWeight);
                    });
        });
    }

    @Test
    void swiGlu() {
        forEachMatrix(false, (dtype, gate, rows, columns) -> {
            float[] up = gaussian(DType.F32, rows * columns, 2);
            Scaling scaling = SCALINGS.get(dtype == DType.F32 ? 0 : 1);
            for (DType format : FORMATS) {
                compare(
                        bench -> {
                            QuantizedMatrix q = matrix(bench, format, scaling, Layout.BOTH, rows, columns, 0);
                            Quantize.swiGlu(
                                    q, saved(bench, gate, rows, columns, 16), saved(bench, up, rows, columns, 16));
                            return tensors(q);
                        },
                        bench -> {
                            QuantizedMatrix q = matrix(bench, format, scaling, Layout.BOTH, rows, columns, 0);
                            Tensor y = bench.empty(DType.F32, rows, columns);
                            SwiGlu.forward(y, widened(bench, gate, rows, columns), widened(bench, up, rows, columns));
                            Quantize.quantize(q, y);
                            return tensors(q);
                        });
            }
        });
    }

    @Test
    void swiGluBackward() {
        forEachMatrix(false, (dtype, gate, rows, columns) -> {
            float[] up = gaussian(DType.F32, rows * columns, 2);
            float[] dY = gaussian(dtype, rows * columns, 2);
            Layout layout = Layout.values()[columns % 3];
            for (Scaling scaling : SCALINGS) {
                DType format = FORMATS.get(rows % 2);
                compare(
                        bench -> {
                            QuantizedMatrix dGate = matrix(bench, format, scaling, layout, rows, columns, 0);
                            QuantizedMatrix dUp = matrix(bench, format, scaling, layout, rows, columns, 0);
                            Quantize.swiGluBackward(
                                    dGate,
                                    dUp,
                                    bench.of(dtype, dY, rows, columns),
                                    saved(bench, gate, rows, columns, 0),
                                    saved(bench, up, rows, columns, 0));
                            return tensors(dGate, dUp);
                        },
                        bench -> {
                            QuantizedMatrix dGate = matrix(bench, format, scaling, layout, rows, columns, 0);
                            QuantizedMatrix dUp = matrix(bench, format, scaling, layout, rows, columns, 0);
                            Tensor toGate = bench.empty(DType.F32, rows, columns);
                            Tensor toUp = bench.empty(DType.F32, rows, columns);
                            SwiGlu.backward(
                                    toGate,
                                    toUp,
                                    bench.of(DType.F32, dY, rows, columns),
                                    widened(bench, gate, rows, columns),
                                    widened(bench, up, rows, columns));
                            Quantize.quantize(dGate, toGate);
                            Quantize.quantize(dUp, toUp);
                            return tensors(dGate, dUp);
                        });
            }
        });
    }

    /** What the backward pass makes again is what the forward pass made: with its scales, or with scales made again, transposed alone. */
    @Test
    void transposedCodesMadeAgain() {
        int rows = 131;
        int columns = 150;
        float[] x = matrix(DType.F32, rows, columns);
        float[] up = gaussian(DType.F32, rows * columns, 2);
        float[] weight = gaussian(DType.BF16, columns, 1);
        for (Scaling scaling : SCALINGS) {
            List<Output> outputs = run(bench -> {
                QuantizedMatrix saved = saved(bench, x, rows, columns, 0);
                QuantizedMatrix savedUp = saved(bench, up, rows, columns, 0);
                Tensor gain = bench.of(DType.BF16, weight, columns);
                Tensor r = bench.empty(DType.F32, rows);
                QuantizedMatrix both = matrix(bench, DType.E4M3, scaling, Layout.BOTH, rows, columns, 0);
                QuantizedMatrix made = matrix(bench, DType.E4M3, scaling, Layout.TRANSPOSED, rows, columns, 0);
                QuantizedMatrix given = transposed(bench, both);
                Quantize.rmsNorm(both, r, saved, gain, 1e-5);
                Quantize.rmsNorm(made, bench.empty(DType.F32, rows), saved, gain, 1e-5);
                Quantize.rmsNormWithScales(given, r, saved, gain);
                QuantizedMatrix bothUp = matrix(bench, DType.E4M3, scaling, Layout.BOTH, rows, columns, 0);
                QuantizedMatrix madeUp = matrix(bench, DType.E4M3, scaling, Layout.TRANSPOSED, rows, columns, 0);
                QuantizedMatrix givenUp = transposed(bench, bothUp);
                Quantize.swiGlu(bothUp, saved, savedUp);
                Quantize.swiGlu(madeUp, saved, savedUp);
                Quantize.swiGluWithScales(givenUp, saved, savedUp);
                return List.of(
                        both.transposed(),
                        made.transposed(),
                        given.transposed(),
                        bothUp.transposed(),
                        madeUp.transposed(),
                        givenUp.transposed(),
                        both.scales(),
                        made.scales(),
                        bothUp.scales(),
                        madeUp.scales());
            });
            for (int[] same : new int[][] {{0, 1}, {0, 2}, {3, 4}, {3, 5}, {6, 7}, {8, 9}}) {
                Output forward = outputs.get(same[0]);
                Output again = outputs.get(same[1]);
                assertEquals(-1, forward.bytes().mismatch(again.bytes()), again::name);
            }
        }
    }

    /** A transposed copy by the scales of the other. */
    private static QuantizedMatrix transposed(Workbench bench, QuantizedMatrix q) {
        long[] shape = {q.transposed().size(0), q.transposed().size(1)};
        return new QuantizedMatrix(q.rows(), q.columns(), null, bench.empty(q.dtype(), shape), q.scaling(), q.scales());
    }

    /** Scales and inverse_rms are read as they are, and stay so. */
    @Test
    void scalesThatAreGiven() {
        int rows = 19;
        int columns = 480;
        float[] x = special(DType.F32, rows, 40);
        float[] r = gaussian(DType.F32, rows, 1);
        float[] scales = {0.5f, Float.NaN, 0x1p-30f, 3};
        compare(
                bench -> {
                    QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.BLOCKS_128, Layout.BOTH, rows, columns, 0);
                    q.scales().copyFrom(scales);
                    Tensor inverseRms = bench.of(DType.F32, r, rows);
                    float[] ones = new float[columns];
                    Arrays.fill(ones, 1);
                    Quantize.rmsNormWithScales(
                            q, inverseRms, saved(bench, x, rows, columns, 0), bench.of(DType.BF16, ones, columns));
                    return and(tensors(q), inverseRms);
                },
                bench -> {
                    QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.BLOCKS_128, Layout.BOTH, rows, columns, 0);
                    q.scales().copyFrom(scales);
                    Tensor wide = widened(bench, x, rows, columns);
                    float[] y = wide.toFloats();
                    for (int i = 0; i < y.length; i++) {
                        y[i] *= r[i / columns];
                    }
                    Quantize.quantizeWithScales(q, bench.of(DType.F32, y, rows, columns));
                    return and(tensors(q), bench.of(DType.F32, r, rows));
                });
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    QuantizedMatrix x = matrix(bench, DType.E5M2, Scaling.GROUPS_16, Layout.CODES, 3, 5, 0);
                    QuantizedMatrix y = matrix(bench, DType.E4M3, Scaling.BLOCKS_128, Layout.CODES, 3, 5, 0);
                    return () -> Quantize.swiGlu(y, x, x);
                },
                "swiglu_quantize",
                "E5M2",
                "E4M3 in GROUPS_16");
        assertRefused(
                bench -> {
                    QuantizedMatrix x = matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, 3, 5, 0);
                    QuantizedMatrix y = matrix(bench, DType.E4M3, Scaling.BLOCKS_128, Layout.CODES, 5, 3, 0);
                    Tensor weight = bench.empty(DType.BF16, 3);
                    Tensor r = bench.empty(DType.F32, 5);
                    return () -> Quantize.rmsNorm(y, r, x, weight, 1e-5);
                },
                "rms_norm_quantize",
                "[3, 5]",
                "[5, 3]");
        assertRefused(
                bench -> {
                    QuantizedMatrix gate = matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, 3, 5, 0);
                    QuantizedMatrix up = matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, 3, 5, 16);
                    QuantizedMatrix y = matrix(bench, DType.E4M3, Scaling.BLOCKS_128, Layout.CODES, 3, 5, 0);
                    return () -> Quantize.swiGlu(y, gate, up);
                },
                "gate",
                "up",
                "differ");
        assertRefused(
                bench -> {
                    QuantizedMatrix twin = matrix(bench, DType.E4M3, Scaling.PER_TENSOR, Layout.CODES, 3, 5, 0);
                    Tensor y = bench.empty(DType.BF16, 3, 5);
                    return () -> Quantize.addAndQuantize(y, twin, y, y);
                },
                "add_quantize",
                "PER_TENSOR",
                "GROUPS_16");
        assertRefused(
                bench -> {
                    QuantizedMatrix x = matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, 3, 5, 0);
                    Tensor dX = bench.empty(DType.BF16, 3, 5);
                    Tensor r = bench.empty(DType.F32, 3);
                    Tensor dWeight = bench.empty(DType.F32, 4);
                    Tensor weight = bench.empty(DType.BF16, 5);
                    return () -> RmsNorm.backward(dX, false, dWeight, false, dX, x, weight, r);
                },
                "rms_norm_backward",
                "dWeight");
    }

    /** What Java's types rule out, C's do not. */
    @Test
    void refusalsOfTheAbi() {
        refuseSwiGlu(0, 16, 0, "gate or up has scales");
        refuseSwiGlu(8, 16, 1, "address of gate");
        refuseSwiGlu(0, 24, 1, "24 apart", "multiple of 16");
        refuseSwiGlu(0, 0, 1, "at least 16");
    }

    private void refuseSwiGlu(long beyond, long pitch, int withScales, String... parts) {
        assertRefused(
                bench -> {
                    QuantizedMatrix saved = matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, 3, 5, 16);
                    QuantizedMatrix y = matrix(bench, DType.E4M3, Scaling.BLOCKS_128, Layout.CODES, 3, 5, 0);
                    long codes = saved.codes().address();
                    long scales = saved.scales().address();
                    return () -> Status.check(Native.ottava_swiglu_quantize(
                            bench.device().stream(),
                            DType.E4M3.code(),
                            y.codes().address(),
                            16,
                            0,
                            0,
                            Scaling.BLOCKS_128.code(),
                            y.scales().address(),
                            0,
                            DType.F32.code(),
                            codes + beyond,
                            codes,
                            pitch,
                            scales,
                            scales * withScales,
                            3,
                            5));
                },
                parts);
    }
}
