package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.Float8Oracle;
import dev.ottava.oracle.Fp8GemmOracle;
import dev.ottava.oracle.QuantizeOracle;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Products of FP8 operands that are quantised where they are made. */
class Fp8GemmQuantizeContractTest extends Fp8GemmContract {
    private static final int[][] SHAPES = {
        {1, 1, 16}, {7, 129, 112}, {128, 128, 144}, {130, 100, 272}, {257, 17, 128}, {64, 300, 128}
    };

    private static final List<Scaling> SCALINGS = List.of(Scaling.BLOCKS_128, Scaling.GROUPS_16);

    /** Rows of codes are {@code more} longer than they have to be. */
    private List<Output> quantize(
            Operand a, Operand b, DType format, Scaling scaling, int more, DType biasType, float[] bias) {
        int m = a.rows();
        int n = b.rows();
        return run(bench -> {
            Tensor codes = bench.empty(format, m, QuantizeOracle.filledUp(n) + (long) more);
            Tensor scales =
                    bench.empty(scaling == Scaling.GROUPS_16 ? DType.BF16 : DType.F32, scaling.scalesShape(m, n));
            Fp8Gemm.multiply(
                    new QuantizedMatrix(m, n, codes, null, scaling, scales),
                    a.on(bench),
                    a.kind().transposed(),
                    b.on(bench),
                    b.kind().transposed(),
                    biasType == null ? null : bench.of(biasType, bias, n),
                    Accumulation.values()[m % 2]);
            assertKernel(bench.device(), true);
            return List.of(codes, scales);
        });
    }

    /** Who share a scale: blocks of so many rows and columns. */
    private static QuantizeOracle.Blocks blocks(Scaling scaling) {
        return scaling == Scaling.GROUPS_16
                ? new QuantizeOracle.Blocks(1, 16, true)
                : new QuantizeOracle.Blocks(128, 128, false);
    }

    private void compare(Operand a, Operand b, DType format, Scaling scaling, int more, DType biasType) {
        int m = a.rows();
        int n = b.rows();
        float[] bias = gaussian(biasType == null ? DType.F32 : biasType, n, 3);
        Fp8GemmOracle oracle = expected(a, b);
        double[] x = oracle.product().clone();
        for (int i = 0; biasType != null && i < m * n; i++) {
            x[i] += bias[i % n];
            oracle.magnitude()[i] += Math.abs(bias[i % n]);
        }
        List<Output> outputs = quantize(a, b, format, scaling, more, biasType, bias);
        float[] scales = outputs.get(1).floats();
        assertScales(oracle, x, a.k(), format, scaling, m, n, scales);

        Float8Oracle codesOf = Float8Oracle.valueOf(format.name());
        QuantizeOracle.Blocks blocks = blocks(scaling);
        int across = (n + blocks.columns() - 1) / blocks.columns();
        int filledUp = QuantizeOracle.filledUp(n);
        ByteBuffer codes = outputs.get(0).bytes();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < filledUp + more; j++) {
                byte code = codes.get(i * (filledUp + more) + j);
                String place = "code [" + i + ", " + j + "]";
                if (j >= n) {
                    assertEquals(j < filledUp ? 0 : (byte) -1, code, place);
                    continue;
                }
                // The code is of the number that is nearest, but for the error of the sum.
                float scale = scales[i / blocks.rows() * across + j / blocks.columns()];
                double exact = x[i * n + j] / scale;
                double error = (oracle.bound(i * n + j, a.k()) + 0x1p-22 * Math.abs(x[i * n + j])) / scale;
                double best = Math.abs(codesOf.value(codesOf.nearest(exact)) - exact);
                double own = Math.abs(codesOf.value(code) - exact);
                assertTrue(
                        own <= best + 2 * error,
                        () -> place + " is " + codesOf.value(code) + " for " + exact + " ± " + error);
            }
        }
    }

    /** Scales are those of the exact sums, but for their error, and two units in the last place (one of BF16). */
    private static void assertScales(
            Fp8GemmOracle oracle, double[] x, int k, DType format, Scaling scaling, int m, int n, float[] scales) {
        QuantizeOracle.Blocks blocks = blocks(scaling);
        int across = (n + blocks.columns() - 1) / blocks.columns();
        double[] least = new double[scales.length];
        double[] most = new double[scales.length];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                int block = i / blocks.rows() * across + j / blocks.columns();
                double magnitude = Math.abs(x[i * n + j]);
                double error = oracle.bound(i * n + j, k);
                least[block] = Math.max(least[block], magnitude - error);
                most[block] = Math.max(most[block], magnitude + error);
            }
        }
        int largest = Float8Oracle.valueOf(format.name()).largest();
        double roundedUp = blocks.roundedUp() ? 0x1p-7 : 0;
        for (int s = 0; s < scales.length; s++) {
            int index = s;
            double low = least[s] / largest * (1 - 0x1p-22);
            double high = most[s] / largest * (1 + 0x1p-22) * (1 + roundedUp);
            assertTrue(
                    low <= scales[s] && scales[s] <= high,
                    () -> "scale [" + index + "] is " + scales[index] + ", not between " + low + " and " + high);
        }
    }

    @Test
    void everyShapeFormatAndScaling() {
        int turn = 0;
        for (int[] shape : SHAPES) {
            for (Scaling scaling : SCALINGS) {
                for (DType format : List.of(DType.E4M3, DType.E5M2)) {
                    DType[] pair = PAIRS.get(turn % 3);
                    compare(
                            operand(pair[0], Kind.values()[turn % 4], shape[0], shape[2], 0),
                            operand(pair[1], Kind.values()[turn / 3 % 4], shape[1], shape[2], 0),
                            format,
                            scaling,
                            16 * (turn % 2),
                            turn % 3 == 0 ? null : DTYPES.get(turn % 3 - 1));
                    turn++;
                }
            }
        }
    }

    /** A linear layer that writes groups of 16 gives the bits of one that writes F32, and then quantisation. */
    @Test
    void linearLayerInGroups() {
        int m = 140;
        int n = 72;
        Operand x = operand(DType.E4M3, Kind.BLOCKS, m, 144, 0);
        Operand weight = operand(DType.E4M3, Kind.BLOCKS, n, 144, 0);
        float[] bias = gaussian(DType.BF16, n, 3);
        List<Output> outputs = run(bench -> {
            QuantizedMatrix y = groups(bench, m, n);
            Fp8Gemm.forward(y, x.on(bench), weight.on(bench), bench.of(DType.BF16, bias, n));
            QuantizedMatrix again = groups(bench, m, n);
            Tensor plain = bench.empty(DType.F32, m, n);
            Fp8Gemm.forward(plain, x.on(bench), weight.on(bench), bench.of(DType.BF16, bias, n));
            Quantize.quantize(again, plain);
            return List.of(y.codes(), y.scales(), again.codes(), again.scales());
        });
        for (int i = 0; i < 2; i++) {
            assertEquals(-1, outputs.get(i).bytes().mismatch(outputs.get(i + 2).bytes()));
        }
    }

    private static QuantizedMatrix groups(Workbench bench, int m, int n) {
        Tensor codes = bench.empty(DType.E4M3, m, QuantizeOracle.filledUp(n));
        Tensor scales = bench.empty(DType.BF16, Scaling.GROUPS_16.scalesShape(m, n));
        return new QuantizedMatrix(m, n, codes, null, Scaling.GROUPS_16, scales);
    }

    @Test
    void zerosHaveScaleOneAndNaNsMakeItNaN() {
        for (Scaling scaling : SCALINGS) {
            QuantizeOracle.Blocks blocks = blocks(scaling);
            int m = 130;
            int n = 140;
            Operand a = operand(DType.E4M3, Kind.TENSOR, m, 32, 0);
            Operand b = operand(DType.E4M3, Kind.TENSOR, n, 32, 0);
            for (int l = 0; l < 2 * 32; l++) {
                a.codes()[128 * 32 + l] = 0; // rows 128 and 129
            }
            a.codes()[3 * 32] = 0x7f;
            List<Output> outputs = quantize(a, b, DType.E4M3, scaling, 0, null, null);
            float[] scales = outputs.get(1).floats();
            int across = (n + blocks.columns() - 1) / blocks.columns();
            int pitch = QuantizeOracle.filledUp(n);
            for (int j = 0; j < n; j++) {
                int column = j;
                assertEquals(1, scales[128 / blocks.rows() * across + j / blocks.columns()], () -> "zeros, " + column);
                assertEquals(0, outputs.get(0).bytes().get(129 * pitch + j) & 0x7f, () -> "zeros, " + column);
                assertTrue(Float.isNaN(scales[3 / blocks.rows() * across + j / blocks.columns()]), () -> "" + column);
                assertEquals(0x7f, outputs.get(0).bytes().get(3 * pitch + j), () -> "NaN, " + column);
            }
        }
    }
}
