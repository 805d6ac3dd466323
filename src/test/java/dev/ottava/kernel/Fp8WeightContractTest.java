package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.Float8Oracle;
import dev.ottava.oracle.Fp8WeightOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** LOMO of FP8 weights: scales and codes bit for bit as the oracle has them, and stochastic rounding without a bias. */
class Fp8WeightContractTest extends FusedLomoContract {
    private static final int[][] SHAPES = {{1, 1}, {3, 24}, {130, 20}, {5, 259}};
    private static final float RATE = 0x1p-3f;

    @Test
    void scalesAndCodesBitForBit() {
        for (int[] shape : SHAPES) {
            for (Weight kind : List.of(Weight.FP8, Weight.FP8_POWER_OF_TWO)) {
                for (DType dtype : DTYPES) {
                    compare(shape[0], shape[1], kind, dtype, Rounding.NEAREST, gaussian(dtype, shape[0] * shape[1], 1));
                    compare(shape[0], shape[1], kind, dtype, STOCHASTIC, gaussian(dtype, shape[0] * shape[1], 1));
                }
            }
        }
    }

    @Test
    void zerosTinyNumbersAndNaNs() {
        float[] gradient = gaussian(DType.F32, 130 * 20, 0x1p-9);
        gradient[129 * 20] = Float.NaN;
        compare(130, 20, Weight.FP8, DType.F32, STOCHASTIC, gradient);
        compare(130, 20, Weight.FP8_POWER_OF_TWO, DType.F32, Rounding.NEAREST, gradient);
        compare(3, 24, Weight.FP8, DType.F32, STOCHASTIC, new float[3 * 24]);
    }

    private void compare(int rows, int columns, Weight kind, DType dtype, Rounding rounding, float[] gradient) {
        float[] values = gaussian(DType.F32, rows * columns, 1);
        for (int i = 0; i < values.length; i += 3) {
            values[i] *= 0x1p-12f; // subnormal beside the others
        }
        List<Output> outputs = run(bench -> {
            try (StepControl control = new StepControl(bench.device())) {
                control.begin(7, RATE);
                AnyWeight before = weight(bench, kind, values, rows, columns);
                AnyWeight after = weight(bench, kind, values, rows, columns);
                Tensor g = bench.of(dtype, gradient, rows, columns);
                after.update(new LomoRule(control, 0, 0, rounding, null), g);
                return List.of(
                        before.quantized().codes(),
                        before.quantized().scales(),
                        after.quantized().codes(),
                        after.quantized().scales());
            }
        });
        Fp8WeightOracle expected = new Fp8WeightOracle(
                        codes(outputs.get(0)), outputs.get(1).floats())
                .updated(
                        gradient,
                        rows,
                        columns,
                        RATE,
                        new Fp8WeightOracle.Rounding(
                                rounding.stochastic() ? rounding.seed() : null,
                                rounding.tensorIndex(),
                                7,
                                kind == Weight.FP8_POWER_OF_TWO));
        assertArrayEquals(expected.scales(), outputs.get(3).floats());
        assertArrayEquals(expected.codes(), codes(outputs.get(2)));
    }

    private static byte[] codes(Output output) {
        byte[] codes = new byte[output.bytes().limit()];
        output.bytes().get(0, codes);
        return codes;
    }

    /** Fused, a third of the way between two BF16 or E4M3 numbers: over many seeds the mean is where it was to be; one seed gives the same again. */
    @Test
    void stochasticRoundingIsUnbiasedAndRepeatable() {
        int tokens = 16;
        int out = 9;
        int in = 64;
        int seeds = deviceName.equals("cpu") ? 200 : 8;
        float[] ones = new float[tokens * in];
        Arrays.fill(ones, 1);
        float[] dY = new float[tokens * out];
        float[] values = new float[out * in];
        Arrays.fill(values, 1);
        for (int i = 0; i < dY.length; i++) {
            dY[i] = i % out == 0 ? 0 : -1; // the first row stays: the largest of the block, whose scale is 1
        }
        Arrays.fill(values, 0, in, 448);
        for (Weight kind : List.of(Weight.BF16, Weight.FP8)) {
            double quantum = kind == Weight.BF16 ? 0x1p-7 : 0x1p-3;
            double part = 0.3;
            double mean = 0;
            int count = seeds * (out - 1) * in;
            float[] first = null;
            for (int seed = 0; seed < seeds; seed++) {
                float[] updated =
                        fused(kind, dY, ones, values, new int[] {tokens, out, in}, seed, part * quantum / tokens);
                for (int i = in; i < updated.length; i++) {
                    assertTrue(updated[i] == 1 || updated[i] == 1 + quantum, () -> kind + " " + deviceName);
                    mean += updated[i] / count;
                }
                first = seed == 0 ? updated : first;
                assertEquals(seed == 0, Arrays.equals(first, updated));
            }
            double deviation = quantum * Math.sqrt(part * (1 - part) / count);
            assertEquals(1 + part * quantum, mean, 4.5 * deviation, kind + " on " + deviceName);
        }
    }

    /** The weight after the update, dequantised. Each call runs on every device of the contract, and has to give the same bits there. */
    private float[] fused(Weight kind, float[] dY, float[] x, float[] values, int[] shape, int seed, double rate) {
        Output weight = run(bench -> {
                    try (StepControl control = new StepControl(bench.device())) {
                        control.begin(3, rate);
                        AnyWeight w = weight(bench, kind, values, shape[1], shape[2]);
                        operands(bench, DType.BF16, shape, dY, x)
                                .fused(new LomoRule(control, 0, 0, new Rounding(true, seed, 1), null), w);
                        return w.tensors();
                    }
                })
                .get(0);
        if (kind == Weight.BF16) {
            return weight.floats();
        }
        float[] floats = new float[weight.bytes().limit()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) Float8Oracle.E4M3.value(weight.bytes().get(i));
        }
        return floats;
    }
}
