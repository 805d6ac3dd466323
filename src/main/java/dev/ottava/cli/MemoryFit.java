package dev.ottava.cli;

import dev.ottava.cli.Choices.Recompute;
import dev.ottava.core.Device;
import dev.ottava.core.DeviceMemoryException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.MemoryStatistics;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.train.Trainer;
import dev.ottava.train.TrainingOptions;
import java.util.StringJoiner;

/** Whether a run fits a device, found out before anything is allocated. */
final class MemoryFit {
    private MemoryFit() {}

    static MemoryStatistics plan(TrainArguments arguments, LlamaConfig config, TrainingOptions options) {
        return Trainer.plan(config, options, arguments.data.seqLen());
    }

    /** Throws where the predicted peak is more than the device has, and says what would fit. */
    static void check(TrainArguments arguments, LlamaConfig config, TrainingOptions options, Device device) {
        MemoryStatistics plan = plan(arguments, config, options);
        long available = device.availableBytes();
        if (plan.peakBytes() > available) {
            throw new DeviceMemoryException(
                    "the run does not fit: it needs " + Format.bytes(plan.peakBytes()) + " (" + parts(plan)
                            + ") and " + device.name() + " has " + Format.bytes(available) + " free; "
                            + remedy(arguments, config, options, available));
        }
    }

    static String parts(MemoryStatistics plan) {
        StringJoiner parts = new StringJoiner(", ");
        for (MemoryPurpose purpose : MemoryPurpose.values()) {
            long bytes = plan.atPeak().getOrDefault(purpose, 0L);
            if (bytes > 0) {
                parts.add(purpose.label() + " " + Format.bytes(bytes));
            }
        }
        return parts.toString();
    }

    /** The largest batch that fits when blocks are computed again. */
    static String remedy(TrainArguments arguments, LlamaConfig config, TrainingOptions options, long available) {
        for (int batch = options.batchSize(); batch >= 1; batch /= 2) {
            TrainingOptions smaller = arguments.options(options.precision(), options.steps(), batch, Recompute.BLOCK);
            if (plan(arguments, config, smaller).peakBytes() <= available) {
                return "--recompute block" + (batch < options.batchSize() ? " --batch-size " + batch : "")
                        + " would fit";
            }
        }
        return "not even --recompute block --batch-size 1 would fit: lower --seq-len or take a smaller model";
    }
}
