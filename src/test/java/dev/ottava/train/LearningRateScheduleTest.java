package dev.ottava.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingOptions.ScheduleKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LearningRateScheduleTest {
    private static LearningRateSchedule schedule(ScheduleKind kind, int warmup, int steps) {
        return new LearningRateSchedule(
                TrainingOptions.defaults(OptimizerKind.LOMO, steps).with(changed -> {
                    changed.learningRate = 0.5;
                    changed.schedule = kind;
                    changed.warmupSteps = warmup;
                }));
    }

    @ParameterizedTest
    @EnumSource(ScheduleKind.class)
    void warmUpRisesByEqualParts(ScheduleKind kind) {
        for (int step = 1; step <= 4; step++) {
            assertEquals(0.5 * step / 4, schedule(kind, 4, 20).at(step), 1e-15);
            assertEquals(0.5 * step / 30, schedule(kind, 30, 4).at(step), 1e-15, "a warm-up longer than the run");
        }
    }

    @ParameterizedTest
    @EnumSource(ScheduleKind.class)
    void withoutWarmUpTheFirstStepHasThePeak(ScheduleKind kind) {
        assertEquals(0.5, schedule(kind, 0, 10).at(1), 1e-15);
        assertEquals(0.5, schedule(kind, 0, 1).at(1), 1e-15);
        assertEquals(0.5, schedule(kind, 1, 10).at(1), 1e-15);
        assertEquals(0.5, schedule(kind, 10, 10).at(10), 1e-15);
    }

    @Test
    void constantStays() {
        assertEquals(0.5, schedule(ScheduleKind.CONSTANT, 2, 10).at(10), 0);
    }

    @ParameterizedTest
    @EnumSource(
            value = ScheduleKind.class,
            names = {"LINEAR", "COSINE"})
    void decayFallsAtEachStepAndIsZeroAfterTheLast(ScheduleKind kind) {
        LearningRateSchedule schedule = schedule(kind, 3, 12);
        for (int step = 4; step <= 12; step++) {
            assertTrue(schedule.at(step) < schedule.at(step - 1) && schedule.at(step) > 0);
        }
        assertEquals(0, schedule.at(13), 0);
        assertEquals(0, schedule.at(14), 0);
        assertEquals(0.25, schedule.at(8), 1e-15, "half way between 3 and 13");
    }

    @Test
    void linearIsALineAndCosineAHalfWave() {
        assertEquals(0.5 * 7 / 10, schedule(ScheduleKind.LINEAR, 0, 10).at(4), 1e-15);
        assertEquals(
                0.25 * (1 + Math.cos(Math.PI * 0.3)),
                schedule(ScheduleKind.COSINE, 0, 10).at(4),
                1e-15);
    }
}
