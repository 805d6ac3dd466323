package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.Fp8GemmOracle;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Products of FP8 operands into F32 and BF16. */
class Fp8GemmContractTest extends Fp8GemmContract {
    private static final int[][] SHAPES = {
        {1, 1, 16},
        {1, 7, 112},
        {7, 128, 128},
        {127, 1, 144},
        {128, 129, 100},
        {129, 127, 16},
        {7, 257, 272},
        {257, 64, 384},
        {64, 200, 640},
        {1, 513, 256}
    };

    /** One call, with everything that may vary in it. */
    private record Case(Operand a, Operand b, DType dtype, DType bias, Addend addend, Accumulation accumulation) {}

    private enum Addend {
        NONE,
        ITSELF,
        OTHER
    }

    private void compare(Case c) {
        int m = c.a.rows();
        int n = c.b.rows();
        int k = c.a.k();
        Fp8GemmOracle oracle = expected(c.a, c.b);
        double[] expected = oracle.product().clone();
        float[] bias = gaussian(c.bias == null ? DType.F32 : c.bias, n, 3);
        float[] addend = gaussian(c.dtype, m * n, 3);
        for (int i = 0; i < m * n; i++) {
            expected[i] += (c.bias == null ? 0 : bias[i % n]) + (c.addend == Addend.NONE ? 0 : addend[i]);
        }
        // The errors of the two additions.
        double[] magnitude = oracle.magnitude();
        for (int i = 0; i < m * n; i++) {
            magnitude[i] += Math.abs(bias[i % n]) + Math.abs(addend[i]);
        }
        List<Output> outputs = run(bench -> {
            Tensor d = bench.empty(c.dtype, m, n);
            Tensor amax = bench.empty(DType.F32, 1);
            Tensor added = switch (c.addend) {
                case NONE -> null;
                case ITSELF -> d.copyFrom(addend);
                case OTHER -> bench.of(c.dtype, addend, m, n);
            };
            Tensor ofBias = c.bias == null ? null : bench.of(c.bias, bias, n);
            Fp8Gemm.multiply(
                    d,
                    c.a.on(bench),
                    c.a.kind().transposed(),
                    c.b.on(bench),
                    c.b.kind().transposed(),
                    new Fp8Epilogue(ofBias, added, amax),
                    c.accumulation);
            assertKernel(bench.device(), false);
            return List.of(d, amax);
        });
        float[] actual = outputs.get(0).floats();
        assertNear(oracle, expected, k, c.dtype, actual);
        float largest = 0;
        for (float value : actual) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertEquals(largest, outputs.get(1).floats()[0], "amax");
    }

    @Test
    void everyPairOfTypesAndScalings() {
        int turn = 0;
        for (DType[] pair : PAIRS) {
            for (Kind aKind : Kind.values()) {
                for (Kind bKind : Kind.values()) {
                    // Two blocks of scales along m or along n, and three along k.
                    compare(new Case(
                            operand(pair[0], aKind, turn % 2 == 0 ? 130 : 20, 272, 16 * (turn % 2)),
                            operand(pair[1], bKind, turn % 2 == 0 ? 19 : 131, 272, 16 * (turn / 2 % 2)),
                            DTYPES.get(turn / 2 % 2),
                            null,
                            Addend.NONE,
                            Accumulation.values()[turn % 3 % 2]));
                    turn++;
                }
            }
        }
    }

    @Test
    void everyShapeAndEpilogue() {
        int turn = 0;
        for (int[] shape : SHAPES) {
            for (Addend addend : Addend.values()) {
                DType bias = turn / 2 % 3 == 0 ? null : DTYPES.get(turn / 2 % 3 - 1);
                DType[] pair = PAIRS.get(turn / 3 % 3);
                compare(new Case(
                        operand(pair[0], Kind.values()[turn % 4], shape[0], shape[2], 0),
                        operand(pair[1], Kind.values()[turn / 4 % 4], shape[1], shape[2], 0),
                        DTYPES.get(turn % 2),
                        bias,
                        addend,
                        Accumulation.values()[turn / 3 % 2]));
                turn++;
            }
        }
    }

    @Test
    void manySumsOfOneSign() {
        Operand a = positive(operand(DType.E4M3, Kind.TENSOR, 3, 16400, 0));
        Operand b = positive(operand(DType.E4M3, Kind.BLOCKS, 5, 16400, 0));
        compare(new Case(a, b, DType.F32, null, Addend.NONE, Accumulation.EXACT));
    }

    static Operand positive(Operand x) {
        for (int i = 0; i < x.codes().length; i++) {
            x.codes()[i] &= 0x7f;
        }
        return x;
    }

    @Test
    void aLinearLayerAndItsGradients() {
        int rows = 50;
        int in = 144;
        int out = 70;
        Operand x = operand(DType.E4M3, Kind.BLOCKS, rows, in, 0);
        Operand weight = operand(DType.E4M3, Kind.BLOCKS, out, in, 0);
        Operand dY = operand(DType.E5M2, Kind.TENSOR, rows, out, 0);
        Operand weightTransposed = operand(DType.E4M3, Kind.TRANSPOSED_BLOCKS, in, out, 0);
        Operand dYTransposed = operand(DType.E5M2, Kind.TRANSPOSED_TENSOR, out, rows, 0);
        Operand xTransposed = operand(DType.E4M3, Kind.TRANSPOSED_BLOCKS, in, rows, 0);
        float[] before = gaussian(DType.F32, out * in, 1);
        List<Output> outputs = run(bench -> {
            Tensor y = bench.empty(DType.BF16, rows, out);
            Tensor dX = bench.empty(DType.F32, rows, in);
            Tensor dW = bench.of(DType.F32, before, out, in);
            Fp8Gemm.forward(y, x.on(bench), weight.on(bench), null);
            Fp8Gemm.inputGradient(dX, dY.on(bench), weightTransposed.on(bench), false);
            Fp8Gemm.weightGradient(dW, dYTransposed.on(bench), xTransposed.on(bench), true);
            return List.of(y, dX, dW);
        });
        Fp8GemmOracle y = expected(x, weight);
        assertNear(y, y.product(), in, DType.BF16, outputs.get(0).floats());
        Fp8GemmOracle dX = expected(dY, weightTransposed);
        assertNear(dX, dX.product(), out, DType.F32, outputs.get(1).floats());
        Fp8GemmOracle dW = expected(dYTransposed, xTransposed);
        for (int i = 0; i < before.length; i++) {
            dW.product()[i] += before[i];
            dW.magnitude()[i] += Math.abs(before[i]);
        }
        assertNear(dW, dW.product(), rows, DType.F32, outputs.get(2).floats());
    }

    /** Also pitches and addresses that TMA cannot take; what lies between the rows is left alone. */
    @Test
    void anyPitchOfTheResult() {
        int m = 66;
        int n = 131;
        Operand a = operand(DType.E4M3, Kind.TENSOR, m, 144, 0);
        Operand b = operand(DType.E4M3, Kind.BLOCKS, n, 144, 32);
        Fp8GemmOracle oracle = expected(a, b);
        for (DType dtype : DTYPES) {
            for (int pitch : new int[] {n, n + 2, 136}) {
                for (int first : new int[] {0, 1}) {
                    float[] all = run(bench -> {
                                Tensor d = bench.empty(dtype, first + m * pitch);
                                QuantizedMatrix left = a.on(bench);
                                QuantizedMatrix right = b.on(bench);
                                Status.check(Native.ottava_gemm_fp8(
                                        bench.device().stream(),
                                        dtype.code(),
                                        d.rows(first, first + m * pitch).address(),
                                        pitch,
                                        0,
                                        DType.E4M3.code(),
                                        left.codes().address(),
                                        a.pitch(),
                                        left.scales().address(),
                                        0,
                                        0,
                                        DType.E4M3.code(),
                                        right.codes().address(),
                                        b.pitch(),
                                        right.scales().address(),
                                        2,
                                        1,
                                        0,
                                        0,
                                        0,
                                        0,
                                        m,
                                        n,
                                        144,
                                        1));
                                return List.of(d);
                            })
                            .get(0)
                            .floats();
                    float[] actual = new float[m * n];
                    for (int i = 0; i < first + m * pitch; i++) {
                        int row = (i - first) / pitch;
                        int column = (i - first) % pitch;
                        if (i >= first && column < n) {
                            actual[row * n + column] = all[i];
                        } else {
                            assertTrue(Float.isNaN(all[i]), "between the rows, at " + i);
                        }
                    }
                    assertNear(oracle, oracle.product(), 144, dtype, actual);
                }
            }
        }
    }

    @Test
    void whatIsNotFiniteReachesItsRowAndAmaxAlone() {
        int m = 20;
        int n = 140;
        for (DType format : List.of(DType.E4M3, DType.E5M2)) {
            Operand a = operand(format, Kind.TENSOR, m, 160, 0);
            Operand b = operand(DType.E4M3, Kind.TENSOR, n, 160, 0);
            a.codes()[3 * a.pitch() + 150] = 0x7f;
            b.codes()[131 * b.pitch() + 7] = (byte) 0xff;
            double[] expected = expected(a, b).product();
            List<Output> outputs = run(bench -> {
                Tensor d = bench.empty(DType.F32, m, n);
                Tensor amax = bench.empty(DType.F32, 1);
                Fp8Gemm.multiply(
                        d,
                        a.on(bench),
                        false,
                        b.on(bench),
                        false,
                        new Fp8Epilogue(null, null, amax),
                        Accumulation.FAST);
                return List.of(d, amax);
            });
            outputs.get(0).assertNear(expected, 1e-4, 1e-3);
            assertTrue(Float.isNaN(outputs.get(1).floats()[0]), "amax");
        }
    }
}
