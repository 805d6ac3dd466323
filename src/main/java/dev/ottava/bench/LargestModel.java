package dev.ottava.bench;

import dev.ottava.core.Device;
import dev.ottava.core.DeviceMemoryException;
import dev.ottava.core.MemoryStatistics;
import dev.ottava.data.Batch;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.train.Trainer;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingStep;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The largest model of Llama's shape that takes training steps of all its parameters in a given memory. Random weights are made on the device, panel by panel:
 * no copy of the model is ever on the host.
 */
public final class LargestModel {
    /** Widths of the Llama models, and smaller ones: hidden, intermediate, heads, and the layers of a model of that width. */
    private static final int[][] WIDTHS = {
        {256, 688, 4, 4},
        {512, 1376, 8, 8},
        {1024, 2752, 16, 16},
        {2048, 5504, 16, 24},
        {4096, 11008, 32, 32},
        {5120, 13824, 40, 40},
        {6656, 17920, 52, 60},
        {8192, 22016, 64, 80}
    };

    private final TrainingOptions options;
    private final int length;
    private final int vocabulary;

    /**
     * A search.
     *
     * @param options of each step
     * @param length tokens of each of its sequences
     */
    public LargestModel(TrainingOptions options, int length, int vocabulary) {
        this.options = options;
        this.length = length;
        this.vocabulary = vocabulary;
    }

    /**
     * What was seen.
     *
     * @param memory as the allocator counted it
     * @param heldAtMost by the allocator, with what lay idle
     * @param losses of the steps
     */
    public record Outcome(LlamaConfig config, MemoryStatistics memory, long heldAtMost, List<Double> losses) {}

    /**
     * The largest that is planned to fit: of the widest that Llama has with so many layers, with as many more layers as fit. Null if none does.
     *
     * @param bytes for tensors
     */
    public LlamaConfig find(long bytes) {
        for (int i = WIDTHS.length - 1; i >= 0; i--) {
            int[] width = WIDTHS[i];
            int least = Math.max(1, width[3] / 2);
            if (fits(config(width, least), bytes)) {
                int most = least;
                int step = 256;
                while (step > 0) {
                    if (fits(config(width, most + step), bytes)) {
                        most += step;
                    } else {
                        step /= 2;
                    }
                }
                return config(width, most);
            }
        }
        return null;
    }

    /** What the steps of a model are planned to need. */
    public long planned(LlamaConfig config) {
        return Trainer.plan(config, options, length).peakBytes();
    }

    private boolean fits(LlamaConfig config, long bytes) {
        return planned(config) <= bytes;
    }

    private LlamaConfig config(int[] width, int layers) {
        return LlamaConfig.llama(
                vocabulary, width[0], width[1], layers, width[2], width[2], Math.max(2048, length), 1, 2);
    }

    /**
     * Builds the model and takes steps on random tokens.
     *
     * @throws DeviceMemoryException if the device has not enough
     */
    public Outcome run(LlamaConfig config, Device device, int steps) {
        SplittableRandom random = new SplittableRandom(options.seed());
        try (LlamaModel model = LlamaModel.empty(config, device, options.precision())) {
            RandomWeights.fill(model, random);
            try (TrainingStep step = new TrainingStep(model, options)) {
                List<Double> losses = new ArrayList<>();
                long held = 0;
                for (int number = 1; number <= steps; number++) {
                    losses.add(step.run(List.of(batch(config, random)), number, options.learningRate())
                            .loss());
                    held = Math.max(held, device.memory().heldBytes());
                }
                return new Outcome(config, device.memory(), held, losses);
            }
        }
    }

    private Batch batch(LlamaConfig config, SplittableRandom random) {
        int count = options.batchSize() * length;
        int[] ids = random.ints(count, 0, config.vocabSize()).toArray();
        int[] targets = random.ints(count, 0, config.vocabSize()).toArray();
        return new Batch(options.batchSize(), length, ids, targets, count, count);
    }
}
