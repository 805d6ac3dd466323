package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import dev.ottava.cuda.CublasLt;
import dev.ottava.oracle.GemmOracle;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Products on a device with a library for them, oneDNN or cuBLASLt; {@link OwnGemmContractTest} repeats them without. */
class GemmContractTest extends Contract {
    private static final int[][] SHAPES = {
        {1, 1, 1},
        {1, 7, 5},
        {2, 33, 17},
        {7, 16, 8},
        {8, 31, 257},
        {9, 32, 256},
        {17, 47, 255},
        {64, 64, 64},
        {97, 101, 103},
        {257, 65, 33},
        {16, 289, 40},
        {300, 5, 600},
        {72, 136, 264}
    };
    private static final boolean[] BOTH = {false, true};

    @Override
    boolean sameForAnyThreads() {
        return !oneDnn(); // a library does not promise it
    }

    @Test
    void everyTranspositionOfEveryShape() {
        for (DType dtype : DTYPES) {
            for (int[] shape : SHAPES) {
                for (boolean aTransposed : BOTH) {
                    for (boolean bTransposed : BOTH) {
                        compare(dtype, DType.F32, shape, aTransposed, bTransposed, false, false);
                    }
                }
            }
        }
    }

    @Test
    void biasAndAccumulationIntoEveryDtype() {
        for (int[] shape : SHAPES) {
            for (boolean bias : BOTH) {
                for (boolean accumulate : BOTH) {
                    compare(DType.F32, DType.F32, shape, false, false, bias, accumulate);
                    compare(DType.BF16, DType.F32, shape, false, true, bias, accumulate);
                    compare(DType.BF16, DType.BF16, shape, true, true, bias, accumulate);
                }
            }
        }
    }

    private void compare(
            DType operands, DType result, int[] shape, boolean aT, boolean bT, boolean hasBias, boolean accumulate) {
        int m = shape[0];
        int n = shape[1];
        int k = shape[2];
        float[] a = gaussian(operands, m * k, 1);
        float[] b = gaussian(operands, n * k, 1);
        float[] bias = gaussian(operands, n, 1);
        float[] before = gaussian(result, m * n, 1);
        double[] expected = GemmOracle.product(doubles(a), aT, doubles(b), bT, m, n, k);
        for (int i = 0; i < m * n; i++) {
            expected[i] += (hasBias ? bias[i % n] : 0) + (accumulate ? before[i] : 0);
        }
        Output d = run(bench -> {
                    Tensor out = accumulate ? bench.of(result, before, m, n) : bench.empty(result, m, n);
                    Tensor left = aT ? bench.of(operands, a, k, m) : bench.of(operands, a, m, k);
                    Tensor right = bT ? bench.of(operands, b, k, n) : bench.of(operands, b, n, k);
                    Gemm.multiply(out, left, aT, right, bT, hasBias ? bench.of(operands, bias, n) : null, accumulate);
                    return List.of(out);
                })
                .get(0);
        // A sum of k products of the size 1 grows to sqrt(k), and is rounded k times.
        d.assertNear(expected, 1e-6, 2e-7 * (5 + k));
        d.assertGloballyNear(expected, result == DType.BF16 ? 3e-3 : 2e-6);
    }

    @Test
    void aLinearLayerAndItsGradients() {
        int rows = 13;
        int in = 37;
        int out = 19;
        float[] x = gaussian(DType.F32, rows * in, 1);
        float[] weight = gaussian(DType.F32, out * in, 1);
        float[] dY = gaussian(DType.F32, rows * out, 1);
        List<Output> outputs = run(bench -> {
            Tensor y = bench.empty(DType.F32, rows, out);
            Tensor dX = bench.empty(DType.F32, rows, in);
            Tensor dW = bench.empty(DType.F32, out, in);
            Tensor xs = bench.of(DType.F32, x, rows, in);
            Tensor w = bench.of(DType.F32, weight, out, in);
            Tensor dYs = bench.of(DType.F32, dY, rows, out);
            Gemm.multiply(y, xs, w);
            Gemm.inputGradient(dX, dYs, w, false);
            Gemm.weightGradient(dW, dYs, xs, false);
            return List.of(y, dX, dW);
        });
        outputs.get(0)
                .assertNear(GemmOracle.product(doubles(x), false, doubles(weight), false, rows, out, in), 0, 1e-5);
        outputs.get(1)
                .assertNear(GemmOracle.product(doubles(dY), false, doubles(weight), true, rows, in, out), 0, 1e-5);
        outputs.get(2).assertNear(GemmOracle.product(doubles(dY), true, doubles(x), true, out, in, rows), 0, 1e-5);
    }

    @Test
    void rowsApartByMoreThanTheirLength() {
        int m = 11;
        int n = 35;
        int k = 21;
        int pitch = 40;
        for (DType dtype : DTYPES) {
            float[] a = gaussian(dtype, m * pitch, 1);
            float[] b = gaussian(dtype, n * pitch, 1);
            double[] expected = new double[m * pitch];
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < pitch; j++) {
                    expected[i * pitch + j] = j < n ? 0 : Double.NaN; // what lies between the rows is left alone
                    for (int l = 0; j < n && l < k; l++) {
                        expected[i * pitch + j] += a[i * pitch + l] * b[j * pitch + l];
                    }
                }
            }
            run(bench -> {
                        Tensor d = bench.empty(dtype, m, pitch);
                        Tensor left = bench.of(dtype, a, m, pitch);
                        Tensor right = bench.of(dtype, b, n, pitch);
                        Status.check(Native.ottava_gemm(
                                bench.device().stream(),
                                dtype.code(),
                                d.address(),
                                pitch,
                                dtype.code(),
                                left.address(),
                                pitch,
                                0,
                                right.address(),
                                pitch,
                                0,
                                0,
                                m,
                                n,
                                k,
                                0));
                        return List.of(d);
                    })
                    .get(0)
                    .assertNear(expected, 1e-6, 1e-5);
        }
    }

    @Test
    void aNaNReachesItsRowAlone() {
        float[] a = gaussian(DType.F32, 9 * 20, 1);
        a[3 * 20 + 7] = Float.NaN;
        float[] b = gaussian(DType.F32, 17 * 20, 1);
        double[] expected = GemmOracle.product(doubles(a), false, doubles(b), false, 9, 17, 20);
        run(bench -> {
                    Tensor d = bench.empty(DType.F32, 9, 17);
                    Gemm.multiply(d, bench.of(DType.F32, a, 9, 20), bench.of(DType.F32, b, 17, 20));
                    return List.of(d);
                })
                .get(0)
                .assertNear(expected, 0, 1e-5);
    }

    @Test
    void theProductIsOfTheKindAskedFor() {
        run(bench -> {
            String matmul = bench.device().property("matmul");
            boolean cpu = deviceName.equals("cpu");
            boolean there =
                    cpu ? Binding.oneDnnPath().isPresent() : deviceName.startsWith("cuda") && CublasLt.available();
            String library = cpu ? "oneDNN" : "cuBLASLt";
            assertTrue(matmul.startsWith(oneDnn() && there ? library : "Ottava"), matmul);
            return List.of();
        });
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor d = bench.empty(DType.F32, 2, 3);
                    Tensor a = bench.empty(DType.F32, 2, 5);
                    Tensor b = bench.empty(DType.F32, 3, 6);
                    return () -> Gemm.multiply(d, a, b);
                },
                "gemm",
                "differ in k");
        assertRefused(
                bench -> {
                    Tensor d = bench.empty(DType.F32, 3, 2);
                    Tensor a = bench.empty(DType.F32, 2, 5);
                    Tensor b = bench.empty(DType.F32, 3, 5);
                    return () -> Gemm.multiply(d, a, b);
                },
                "gemm",
                "d is",
                "[2, 3]");
        assertRefused(
                bench -> {
                    Tensor d = bench.empty(DType.BF16, 2, 3);
                    Tensor a = bench.empty(DType.F32, 2, 5);
                    Tensor b = bench.empty(DType.F32, 3, 5);
                    return () -> Gemm.multiply(d, a, b);
                },
                "gemm",
                "d is",
                "F32");
        assertRefused(
                bench -> {
                    Tensor d = bench.empty(DType.F32, 2, 3);
                    Tensor a = bench.empty(DType.F32, 2, 5);
                    Tensor b = bench.empty(DType.BF16, 3, 5);
                    return () -> Gemm.multiply(d, a, b);
                },
                "gemm",
                "differ in dtype");
        assertRefused(
                bench -> {
                    Tensor d = bench.empty(DType.F32, 2, 3);
                    Tensor a = bench.empty(DType.F32, 2, 5);
                    Tensor b = bench.empty(DType.F32, 3, 5);
                    Tensor bias = bench.empty(DType.F32, 2);
                    return () -> Gemm.multiply(d, a, false, b, false, bias, false);
                },
                "gemm",
                "bias is",
                "[3]");
    }
}
