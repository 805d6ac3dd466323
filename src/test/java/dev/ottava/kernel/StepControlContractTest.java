package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class StepControlContractTest extends Contract {
    @Test
    void clipsByTheGlobalNorm() {
        clip(4, 0.25, 1, 1, 3, 12);
        clip(4, 1, 100, 1, 3, 12);
        clip(4, 1, 0, 1, 3, 12); // no clipping
        clip(0, 1, 1, 0);
        clip(Math.sqrt(3) * 1e19, 1e-19 / Math.sqrt(3), 1, 1e38f, 1e38f, 1e38f);
    }

    private void clip(double norm, double coefficient, double maxNorm, float... sums) {
        withControl(control -> control.clip(maxNorm, sums), control -> {
            assertEquals(norm, control.gradientNorm(), 1e-6 * norm);
            assertEquals(coefficient, control.coefficient(), 1e-6 * coefficient);
            assertTrue(control.ok());
        });
    }

    @Test
    void aNormThatIsNotFiniteTurnsUpdatesOffUntilTheNextStep() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            withControl(control -> control.clip(1, 1, bad, 2), control -> {
                assertFalse(control.ok());
                control.begin(2, 0.1);
                assertTrue(control.ok());
                assertEquals(1, control.coefficient());
            });
        }
    }

    @Test
    void addsUpTheLoss() {
        withControl(control -> control.add(0.1f, 0.2f, 3e38f, -3e38f), control -> {
            assertEquals(new StepControl.Findings((double) 0.1f + 0.2f + 3e38f - 3e38f, 0, true), control.findings());
            control.begin(3, 0.25, 0.125);
            assertEquals(new StepControl.Findings(0, 0, true), control.findings());
            assertArrayEquals(new float[] {0.125f}, control.lossScale().toFloats());
            assertEquals(3, control.step());
            assertEquals(0.25f, control.learningRate());
        });
    }

    @Test
    void aLossThatIsNotFiniteTurnsUpdatesOffAndStays() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            withControl(control -> control.add(1, bad, 2, Float.NaN), control -> {
                assertEquals(new StepControl.Findings(bad, 0, false), control.findings());
                control.begin(2, 0.1);
                assertTrue(control.ok());
            });
        }
    }

    /** A step control whose clip takes the sums as values. */
    private record Control(StepControl step, Workbench bench) {
        void add(float... losses) {
            for (float loss : losses) {
                step.addLoss(bench.of(DType.F32, new float[] {loss}, 1));
            }
        }

        void clip(double maxNorm, float... sums) {
            step.clip(bench.of(DType.F32, sums, sums.length), maxNorm);
        }
    }

    private void withControl(Consumer<Control> action, Consumer<StepControl> check) {
        run(bench -> {
            try (StepControl step = new StepControl(bench.device())) {
                action.accept(new Control(step, bench));
                check.accept(step);
            }
            return List.of();
        });
    }
}
