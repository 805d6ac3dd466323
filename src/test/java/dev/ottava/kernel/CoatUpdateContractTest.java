package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdamWUpdate.Hyperparameters;
import dev.ottava.kernel.AdamWUpdate.Target;
import dev.ottava.oracle.CoatOracle;
import dev.ottava.oracle.UpdateOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** AdamW whose moments are E4M3 with dynamic range expansion: one step from a given state, against the formulas in double. */
class CoatUpdateContractTest extends UpdateContract {
    private static final float RATE = 0.001f;
    private static final Hyperparameters BETAS = new Hyperparameters(0.9, 0.95, 1e-8);

    /** The codes and the groups of a moment, in host memory. */
    private record State(byte[] codes, float[] groups) {
        static State of(CoatOracle oracle, float[] x) {
            State state = new State(new byte[x.length], new float[groupCount(x.length) * 2]);
            for (int g = 0; g < groupCount(x.length); g++) {
                CoatOracle.Group group = oracle.quantise(part(x, g));
                System.arraycopy(group.codes(), 0, state.codes, g * CoatOracle.GROUP, group.codes().length);
                state.groups[2 * g] = (float) group.largest();
                state.groups[2 * g + 1] = (float) group.exponent();
            }
            return state;
        }

        double[] values(CoatOracle oracle) {
            double[] values = new double[codes.length];
            for (int g = 0; g < groupCount(codes.length); g++) {
                float[] x = oracle.dequantise(group(g));
                for (int i = 0; i < x.length; i++) {
                    values[g * CoatOracle.GROUP + i] = x[i];
                }
            }
            return values;
        }

        CoatOracle.Group group(int g) {
            int first = g * CoatOracle.GROUP;
            byte[] part = Arrays.copyOfRange(codes, first, Math.min(codes.length, first + CoatOracle.GROUP));
            return new CoatOracle.Group(part, groups[2 * g], groups[2 * g + 1]);
        }

        AdamWMoment on(Workbench bench) {
            Tensor values = bench.empty(DType.E4M3, codes.length).copyFrom(Workbench.direct(codes));
            return new AdamWMoment.Expanded(values, bench.of(DType.F32, groups, groupCount(codes.length), 2));
        }
    }

    private static int groupCount(int count) {
        return (count + CoatOracle.GROUP - 1) / CoatOracle.GROUP;
    }

    private static float[] part(float[] x, int group) {
        int first = group * CoatOracle.GROUP;
        return Arrays.copyOfRange(x, first, Math.min(x.length, first + CoatOracle.GROUP));
    }

    @Test
    void allWeightsGradientsAndTails() {
        for (DType gradient : DTYPES) {
            for (int count : new int[] {1, 127, 128, 129, 1000, 4101}) {
                compare(DType.F32, false, gradient, moments(count), true);
                compare(DType.BF16, true, gradient, moments(count), true);
                compare(DType.BF16, false, gradient, moments(count), true);
            }
            compare(DType.BF16, true, gradient, moments(300), false);
        }
    }

    /** Numbers of the second moment that differ by so much that the exponent falls below 1, and so little that it meets its bound. */
    @Test
    void narrowAndWideGroups() {
        float[][] moments = moments(384);
        for (int i = 0; i < 384; i++) {
            moments[1][i] = i < 128 ? 1e-6f : i < 256 ? (float) Math.pow(10, -0.2 * i) : 0;
            moments[0][i] =
                    (float) (Math.sqrt(moments[1][i]) * Math.copySign(0.5 + random.nextDouble(), moments[0][i]));
        }
        compare(DType.F32, false, DType.F32, moments, true);
    }

    /** First and second moments, the latter positive. */
    private float[][] moments(int count) {
        float[] first = gaussian(DType.F32, count, 0.1);
        float[] second = gaussian(DType.F32, count, 0.1);
        for (int i = 0; i < count; i++) {
            second[i] = 0.001f + second[i] * second[i];
        }
        return new float[][] {first, second};
    }

    private void compare(DType dtype, boolean split, DType gradientDType, float[][] moments, boolean ok) {
        int count = moments[0].length;
        int step = 5;
        float[] weight = gaussian(dtype, count, 1);
        float[] gradient = gaussian(gradientDType, count, 1);
        State first = State.of(CoatOracle.firstMoment(), moments[0]);
        State second = State.of(CoatOracle.secondMoment(), moments[1]);
        double[] expected = doubles(weight);
        double[] expectedFirst = first.values(CoatOracle.firstMoment());
        double[] expectedSecond = second.values(CoatOracle.secondMoment());
        UpdateOracle.adamW(
                expected,
                doubles(gradient),
                expectedFirst,
                expectedSecond,
                step,
                RATE,
                BETAS.beta1(),
                BETAS.beta2(),
                BETAS.epsilon(),
                WEIGHT_DECAY,
                clip(0));
        List<Output> outputs = update(step, RATE, ok, (bench, control) -> {
            Tensor w = bench.of(dtype, weight, count);
            Tensor low = split ? bench.of(new short[count]) : null;
            Tensor g = bench.of(gradientDType, gradient, count);
            Tensor sum = bench.empty(DType.F32, 1);
            AdamWMoment.Expanded m = (AdamWMoment.Expanded) first.on(bench);
            AdamWMoment.Expanded v = (AdamWMoment.Expanded) second.on(bench);
            AdamWUpdate.apply(control, List.of(new Target(w, low, g, m, v, WEIGHT_DECAY, STOCHASTIC, sum)), BETAS, 0);
            return split
                    ? List.of(w, sum, m.values(), m.groups(), v.values(), v.groups(), low)
                    : List.of(w, sum, m.values(), m.groups(), v.values(), v.groups());
        });
        outputs.get(1).assertNear(new double[] {UpdateOracle.sumSquares(doubles(gradient))}, 1e-6, 0);
        State newFirst = new State(codes(outputs.get(2)), outputs.get(3).floats());
        State newSecond = new State(codes(outputs.get(4)), outputs.get(5).floats());
        if (!ok) {
            assertUnchanged(outputs.get(0), weight);
            assertArrayEquals(first.codes, newFirst.codes);
            assertArrayEquals(second.codes, newSecond.codes);
            assertArrayEquals(first.groups, newFirst.groups);
            assertArrayEquals(second.groups, newSecond.groups);
            return;
        }
        // What a code means is off by up to 2e-5 of it, where two powers are approximated.
        if (split) {
            float[] high = outputs.get(0).floats();
            short[] low = outputs.get(6).shorts();
            for (int i = 0; i < count; i++) {
                float whole = Float.intBitsToFloat(Float.floatToRawIntBits(high[i]) + low[i]);
                assertEquals(expected[i], whole, 2e-7 * Math.abs(expected[i]) + 5e-5 * RATE, "element " + i);
            }
        } else if (dtype == DType.F32) {
            outputs.get(0).assertNear(expected, 2e-7, 5e-5 * RATE);
        } else {
            for (int i = 0; i < count; i++) {
                float near = outputs.get(0).floats()[i];
                assertEquals(expected[i], near, 0x1p-7 * Math.abs(expected[i]), "element " + i);
            }
        }
        assertRounded(CoatOracle.firstMoment(), newFirst, expectedFirst);
        assertRounded(CoatOracle.secondMoment(), newSecond, expectedSecond);
    }

    private static byte[] codes(Output output) {
        byte[] codes = new byte[output.bytes().limit()];
        output.bytes().get(0, codes);
        return codes;
    }

    /** Codes may be one off, where a power is between two of them; an exponent 1/16, where a range is. */
    private static void assertRounded(CoatOracle oracle, State actual, double[] expected) {
        float[] x = new float[expected.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) expected[i];
        }
        for (int g = 0; g < groupCount(x.length); g++) {
            float[] part = part(x, g);
            CoatOracle.Group group = actual.group(g);
            CoatOracle.Group wanted = oracle.quantise(part);
            assertEquals(wanted.largest(), group.largest(), 3e-5 * wanted.largest(), "largest of group " + g);
            if (wanted.largest() == 0) {
                assertEquals(1, group.exponent());
            } else {
                double smallest = Double.POSITIVE_INFINITY;
                for (float value : part) {
                    smallest = value == 0 ? smallest : Math.min(smallest, Math.abs(value));
                }
                double low = oracle.exponent(wanted.largest(), smallest, 1e-4);
                double high = oracle.exponent(wanted.largest(), smallest, -1e-4);
                double exponent = group.exponent();
                int index = g;
                assertTrue(
                        low <= exponent && exponent <= high,
                        () -> "exponent of group " + index + " is " + exponent + ", not " + low + " to " + high);
                assertEquals(0, 16 * exponent % 1);
            }
            byte[] codes =
                    oracle.quantise(part, wanted.largest(), group.exponent()).codes();
            for (int i = 0; i < codes.length; i++) {
                int e = codes[i];
                int a = group.codes()[i];
                int position = g * CoatOracle.GROUP + i;
                assertTrue(
                        Math.abs((e & 0x7f) - (a & 0x7f)) <= 1 && (e ^ a) >= 0,
                        () -> "code " + position + " is " + a + ", not " + e);
            }
        }
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor weight = bench.empty(DType.F32, 200);
                    AdamWMoment moment =
                            new AdamWMoment.Expanded(bench.empty(DType.E4M3, 200), bench.empty(DType.F32, 1, 2));
                    Target target = new Target(weight, null, weight, moment, moment, 0, Rounding.NEAREST, null);
                    return () -> AdamWUpdate.apply(null, List.of(target), BETAS, 0);
                },
                "adamw_update",
                "groups of the first moment",
                "[2, 2]");
        assertRefused(
                bench -> {
                    Tensor weight = bench.empty(DType.F32, 4);
                    AdamWMoment plain = new AdamWMoment.Plain(weight);
                    AdamWMoment bf16 = new AdamWMoment.Plain(bench.empty(DType.BF16, 4));
                    Target target = new Target(weight, null, weight, plain, bf16, 0, Rounding.NEAREST, null);
                    return () -> AdamWUpdate.apply(null, List.of(target), BETAS, 0);
                },
                "adamw_update",
                "stored alike");
    }
}
