package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.UpdateOracle;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdamWUpdateContractTest extends UpdateContract {
    private static final float RATE = 0.001f;
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.95;
    private static final double EPSILON = 1e-8;

    @Test
    void allDtypesClampsAndCounts() {
        for (DType dtype : DTYPES) {
            for (int count : new int[] {1, 7, 17, 255, 4096, 20_011}) {
                for (int step : new int[] {1, 5}) {
                    compare(dtype, gaussian(DType.F32, count, 1), step, 0, true);
                    compare(dtype, gaussian(DType.F32, count, 1), step, 0.75, true);
                    compare(dtype, gaussian(DType.F32, count, 1), step, 0, false);
                }
            }
        }
    }

    /** Weights whose low half is at, just below and just above the point between two BF16 numbers; the largest float; an infinity. */
    @Test
    void theHalvesOfASplitWeightMeet() {
        float[] weight = new float[12];
        for (int i = 0; i < 10; i++) {
            weight[i] = Float.intBitsToFloat((i % 2 == 0 ? 0x3f800000 : 0xbf810000) + 0x7ffe + i / 2);
        }
        weight[10] = Float.MAX_VALUE;
        weight[11] = Float.NEGATIVE_INFINITY;
        compare(DType.BF16, weight, 1, 0, false);
        compare(DType.BF16, weight, 1, 0, true);
    }

    private void compare(DType dtype, float[] weight, int step, double maxValue, boolean ok) {
        int count = weight.length;
        boolean split = dtype == DType.BF16;
        float[] high = new float[count];
        short[] low = new short[count];
        for (int i = 0; i < count; i++) {
            int bits = Float.floatToRawIntBits(weight[i]);
            high[i] = Float.intBitsToFloat((bits + 0x8000) & 0xffff0000);
            low[i] = (short) bits;
        }
        float[] gradient = gaussian(DType.F32, count, 1);
        float[] first = gaussian(DType.F32, count, step > 1 ? 0.1 : 0);
        float[] second = gaussian(DType.F32, count, step > 1 ? 0.1 : 0);
        for (int i = 0; i < count; i++) {
            second[i] *= second[i];
        }
        double[] expected = doubles(weight);
        double[] expectedFirst = doubles(first);
        double[] expectedSecond = doubles(second);
        UpdateOracle.adamW(
                expected,
                doubles(gradient),
                expectedFirst,
                expectedSecond,
                step,
                RATE,
                BETA1,
                BETA2,
                EPSILON,
                WEIGHT_DECAY,
                clip(maxValue));
        List<Output> outputs = update(step, RATE, ok, (bench, control) -> {
            Tensor w = bench.of(dtype, split ? high : weight, count);
            Tensor l = bench.of(low);
            Tensor g = bench.of(DType.F32, gradient, count);
            Tensor m = bench.of(DType.F32, first, count);
            Tensor v = bench.of(DType.F32, second, count);
            Tensor sum = bench.empty(DType.F32, 1);
            AdamWUpdate.apply(
                    control, w, split ? l : null, g, m, v, BETA1, BETA2, EPSILON, WEIGHT_DECAY, maxValue, sum);
            return List.of(w, l, m, v, sum);
        });
        outputs.get(4).assertNear(new double[] {UpdateOracle.sumSquares(doubles(gradient))}, 1e-6, 0);
        if (!ok) {
            assertUnchanged(outputs.get(0), split ? high : weight);
            assertArrayEquals(low, outputs.get(1).shorts());
            assertUnchanged(outputs.get(2), first);
            assertUnchanged(outputs.get(3), second);
            return;
        }
        outputs.get(2).assertNear(expectedFirst, 1e-6, 1e-7);
        outputs.get(3).assertNear(expectedSecond, 1e-6, 1e-9);
        if (split) {
            compareHalves(outputs.get(0).floats(), outputs.get(1).shorts(), expected);
        } else {
            outputs.get(0).assertNear(expected, 2e-7, 3e-8);
        }
    }

    /** Together the halves are the F32 weight; the upper one alone is that weight rounded, ties away from zero. */
    private static void compareHalves(float[] high, short[] low, double[] expected) {
        for (int i = 0; i < high.length; i++) {
            int bits = Float.floatToRawIntBits(high[i]) + low[i];
            float whole = Float.intBitsToFloat(bits);
            if (whole != (float) expected[i]) { // not for infinities
                assertEquals(expected[i], whole, 2e-7 * Math.abs(expected[i]) + 3e-8, "element " + i);
            }
            assertEquals((bits + 0x8000) & 0xffff0000, Float.floatToRawIntBits(high[i]), "element " + i);
        }
    }

    @Test
    void refusals() {
        for (DType dtype : DTYPES) {
            assertRefused(
                    bench -> {
                        Tensor weight = bench.empty(dtype, 4);
                        Tensor state = bench.empty(DType.F32, 4);
                        Tensor low = dtype == DType.F32 ? bench.of(new short[4]) : null;
                        return () -> AdamWUpdate.apply(
                                null, weight, low, state, state, state, BETA1, BETA2, EPSILON, 0, 0, null);
                    },
                    "adamw_update",
                    "low bits");
        }
    }
}
