package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.PhiloxOracle;
import dev.ottava.oracle.UpdateOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LomoUpdateContractTest extends UpdateContract {
    private static final int[] COUNTS = {1, 7, 17, 255, 4096, 20_011};

    @Test
    void byHand() {
        float weight = run(bench -> {
                    try (StepControl control = new StepControl(bench.device())) {
                        control.begin(1, 0.1);
                        Tensor w = bench.of(DType.F32, new float[] {1}, 1);
                        Tensor g = bench.of(DType.F32, new float[] {0.5f}, 1);
                        LomoUpdate.apply(control, w, g, 0.01, 0, Rounding.NEAREST, null);
                        return List.of(w);
                    }
                })
                .get(0)
                .floats()[0];
        assertEquals(0.949, weight, 1e-7);
    }

    @Test
    void allDtypesClampsAndCounts() {
        for (DType weightDtype : DTYPES) {
            for (DType gradientDtype : DTYPES) {
                for (int count : COUNTS) {
                    for (double maxValue : new double[] {0, 0.75}) {
                        float[] weight = gaussian(weightDtype, count, 1);
                        float[] gradient = gaussian(gradientDtype, count, 1);
                        compare(weightDtype, gradientDtype, weight, gradient, maxValue, Rounding.NEAREST, true);
                        compare(weightDtype, gradientDtype, weight, gradient, maxValue, Rounding.NEAREST, false);
                        compare(weightDtype, gradientDtype, weight, gradient, maxValue, STOCHASTIC, true);
                    }
                }
            }
        }
    }

    @Test
    void aNanInTheGradientIsNotHidden() {
        float[] weight = {1, 2, 3};
        float[] gradient = {1, Float.NaN, Float.NEGATIVE_INFINITY};
        compare(DType.F32, DType.F32, weight, gradient, 0, Rounding.NEAREST, true);
        compare(DType.BF16, DType.F32, weight, gradient, 0.5, Rounding.NEAREST, true);
    }

    private void compare(
            DType weightDtype,
            DType gradientDtype,
            float[] weight,
            float[] gradient,
            double maxValue,
            Rounding rounding,
            boolean ok) {
        int count = weight.length;
        double[] expected = doubles(weight);
        float rate = 0.03f;
        UpdateOracle.lomo(expected, doubles(gradient), rate, WEIGHT_DECAY, clip(maxValue));
        List<Output> outputs = update(11, rate, ok, (bench, control) -> {
            Tensor w = bench.of(weightDtype, weight, count);
            Tensor sum = bench.empty(DType.F32, 1);
            Tensor g = bench.of(gradientDtype, gradient, count);
            LomoUpdate.apply(control, w, g, WEIGHT_DECAY, maxValue, rounding, sum);
            return List.of(w, sum);
        });
        if (!ok) {
            assertUnchanged(outputs.get(0), weight);
        } else if (rounding.stochastic() && weightDtype == DType.BF16) {
            assertRoundedStochastically(outputs.get(0), expected, 11);
        } else {
            outputs.get(0).assertNear(expected, 1e-6, 1e-7);
        }
        outputs.get(1).assertNear(new double[] {UpdateOracle.sumSquares(doubles(gradient))}, 1e-6, 0);
    }

    /** With a rate and gradients of few bits, the F32 result is exact in any order of operations: every bit can be foretold. */
    @Test
    void stochasticRoundingBitForBit() {
        int count = 5003;
        int step = 7;
        float[] weight = gaussian(DType.BF16, count, 1);
        float[] gradient = gaussian(DType.BF16, count, 1);
        weight[0] = Float.POSITIVE_INFINITY;
        weight[1] = Float.NaN;
        weight[2] = 0;
        weight[3] = -0f;
        float[] actual = stochastically(step, 0x1p-10, weight, gradient);
        for (int i = 0; i < count; i++) {
            float exact = (float) (weight[i] - 0x1p-10 * gradient[i]);
            int bits = PhiloxOracle.bits(i, STOCHASTIC.seed(), STOCHASTIC.tensorIndex(), step);
            assertEquals(PhiloxOracle.round(exact, bits), actual[i], "element " + i);
        }
    }

    @Test
    void stochasticRoundingIsUnbiased() {
        int count = 1 << 16;
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        double rate = 1e-4; // a fortieth of the distance between the BF16 numbers below 1
        float[] actual = stochastically(3, rate, ones, ones);
        double mean = 0;
        for (float value : actual) {
            mean += (double) value / count;
        }
        double deviation = 0x1p-8 * Math.sqrt(rate / 0x1p-8 / count);
        assertEquals(1 - rate, mean, 5 * deviation);
    }

    private float[] stochastically(int step, double rate, float[] weight, float[] gradient) {
        return run(bench -> {
                    try (StepControl control = new StepControl(bench.device())) {
                        control.begin(step, rate);
                        Tensor w = bench.of(DType.BF16, weight, weight.length);
                        Tensor g = bench.of(DType.F32, gradient, weight.length);
                        LomoUpdate.apply(control, w, g, 0, 0, STOCHASTIC, null);
                        return List.of(w);
                    }
                })
                .get(0)
                .floats();
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor weight = bench.empty(DType.F32, 4);
                    Tensor gradient = bench.empty(DType.F32, 3);
                    return () -> LomoUpdate.apply(null, weight, gradient, 0, 0, Rounding.NEAREST, null);
                },
                "lomo_update",
                "gradient",
                "4 elements");
        assertRefused(
                bench -> {
                    Tensor weight = bench.of(1, 2);
                    return () -> LomoUpdate.apply(null, weight, weight, 0, 0, Rounding.NEAREST, null);
                },
                "neither F32 nor BF16");
    }
}
