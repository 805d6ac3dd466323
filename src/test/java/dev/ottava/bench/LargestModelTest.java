package dev.ottava.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.Device;
import dev.ottava.kernel.Scaling;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaParameters;
import dev.ottava.nn.Precision;
import dev.ottava.nn.WeightFormat;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import org.junit.jupiter.api.Test;

class LargestModelTest {
    private static final long BYTES = 16 << 20;

    private static LargestModel search(Precision precision) {
        return new LargestModel(
                TrainingOptions.defaults(OptimizerKind.LOMO, 2).with(changes -> {
                    changes.precision = precision;
                    changes.recomputeBlocks = true;
                    changes.batchSize = 1;
                }),
                128,
                256);
    }

    /** What is found fits, takes what was planned, and with FP8 weights is nearly twice as large. */
    @Test
    void theLargestThatFitsTakesSteps() {
        LargestModel half = search(Precision.BF16);
        LargestModel byte8 = search(Precision.fp8(Scaling.BLOCKS_128).with(WeightFormat.FP8));
        long ofHalf = LlamaParameters.count(half.find(BYTES));
        LlamaConfig config = byte8.find(BYTES);
        assertTrue(LlamaParameters.count(config) > 1.7 * ofHalf, LlamaParameters.count(config) + " beside " + ofHalf);
        try (Device device = Device.open("cpu")) {
            LargestModel.Outcome outcome = byte8.run(config, device, 2);
            assertEquals(byte8.planned(config), outcome.memory().peakBytes());
            assertTrue(outcome.memory().peakBytes() <= BYTES);
            assertTrue(
                    outcome.losses().stream().allMatch(loss -> Math.abs(loss - Math.log(256)) < 1),
                    outcome.losses()::toString);
        }
    }

    @Test
    void nothingFitsIntoNothing() {
        assertNull(search(Precision.BF16).find(1000));
    }
}
