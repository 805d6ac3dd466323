package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.PhiloxOracle;
import dev.ottava.oracle.UpdateOracle.Clip;
import java.util.List;
import java.util.function.BiFunction;

/** What the contract tests of the updates share: the control block, and what stochastic rounding may give. */
abstract class UpdateContract extends Contract {
    static final double WEIGHT_DECAY = 0.1;
    static final Rounding STOCHASTIC = new Rounding(true, 0x9876_5432_1234_5678L, 42);

    /** The gradient has a norm of 2, of which a half is left: the coefficient of every test. */
    private static final float[] SUMS = {4};

    static Clip clip(double maxValue) {
        return new Clip(maxValue, (float) (1 / (2 + 1e-6)));
    }

    /** Runs an update at this step and rate with a coefficient of one half; when not ok, after a norm that was NaN. */
    final List<Output> update(
            int step, double learningRate, boolean ok, BiFunction<Workbench, StepControl, List<Tensor>> operation) {
        return run(bench -> {
            try (StepControl control = new StepControl(bench.device())) {
                control.begin(step, learningRate);
                control.clip(bench.of(DType.F32, ok ? SUMS : new float[] {Float.NaN}, 1), 1);
                return operation.apply(bench, control);
            }
        });
    }

    /**
     * Asserts that each BF16 value is what one of the floats next to the expected value is rounded to with the bits of its element. The floats, because
     * the order of the operations before the rounding is left to the device.
     */
    static void assertRoundedStochastically(Output output, double[] expected, int step) {
        float[] actual = output.floats();
        for (int i = 0; i < actual.length; i++) {
            int bits = PhiloxOracle.bits(i, STOCHASTIC.seed(), STOCHASTIC.tensorIndex(), step);
            boolean found = false;
            for (int ulps = -8; ulps <= 8; ulps++) {
                float near = Float.intBitsToFloat(Float.floatToRawIntBits((float) expected[i]) + ulps);
                found |= PhiloxOracle.round(near, bits) == actual[i];
            }
            int index = i;
            assertTrue(
                    found, () -> output.name() + " [" + index + "] is " + actual[index] + ", not " + expected[index]);
        }
    }

    static void assertUnchanged(Output output, float[] before) {
        float[] after = output.floats();
        for (int i = 0; i < after.length; i++) {
            assertEquals(Float.floatToRawIntBits(before[i]), Float.floatToRawIntBits(after[i]), output.name());
        }
    }
}
