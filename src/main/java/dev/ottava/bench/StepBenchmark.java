package dev.ottava.bench;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.data.Batch;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingStep;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A whole training step with LOMO: forward, backward, and the update of every parameter, on random tokens. */
public final class StepBenchmark {
    private static final int WARM_UP = 3;
    private static final int RUNS = 11;

    /** A model and a batch. */
    public record Shape(String name, LlamaConfig config, int batch, int length) {
        /** Tokens of a step. */
        public int tokens() {
            return batch * length;
        }
    }

    /** One shape in one precision. */
    public record Result(Shape shape, DType dtype, Timing timing, long peakBytes) {
        /** Of the median. */
        public double tokensPerSecond() {
            return shape.tokens() / timing.median();
        }
    }

    /** The small model has the size of the demo's; the larger one has grouped queries and a vocabulary of words. */
    public static final List<Shape> SHAPES = List.of(
            new Shape("hidden 256, 4 layers, 8 x 256 tokens", config(260, 256, 688, 4, 4, 4), 8, 256),
            new Shape("hidden 512, 8 layers, 4 x 512 tokens", config(4096, 512, 1376, 8, 8, 4), 4, 512));

    private StepBenchmark() {}

    private static LlamaConfig config(
            int vocabulary, int hidden, int intermediate, int layers, int heads, int kvHeads) {
        return new LlamaConfig(
                "llama",
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                kvHeads,
                hidden / heads,
                2048,
                1e-5,
                new RopeConfig(10000, null),
                false,
                false,
                false,
                false,
                -1,
                -1);
    }

    /** Measures every shape in F32 and BF16. */
    public static List<Result> run(String deviceName) {
        List<Result> results = new ArrayList<>();
        for (Shape shape : SHAPES) {
            for (DType dtype : List.of(DType.F32, DType.BF16)) {
                results.add(run(deviceName, shape, dtype));
            }
        }
        return results;
    }

    private static Result run(String deviceName, Shape shape, DType dtype) {
        Batch batch = randomBatch(shape);
        TrainingOptions options = TrainingOptions.defaults(OptimizerKind.LOMO, WARM_UP + RUNS);
        try (Device device = Device.open(deviceName);
                LlamaModel model = LlamaModel.initialize(shape.config(), device, Precision.of(dtype), 0);
                TrainingStep step = new TrainingStep(model, options)) {
            int[] number = {0};
            Timing timing = Timing.alone(WARM_UP, RUNS, () -> {
                step.run(List.of(batch), ++number[0], options.learningRate());
                device.synchronize();
            });
            return new Result(shape, dtype, timing, device.memory().peakBytes());
        }
    }

    private static Batch randomBatch(Shape shape) {
        SplittableRandom random = new SplittableRandom(shape.tokens());
        int[] ids = new int[shape.tokens()];
        int[] targets = new int[shape.tokens()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = random.nextInt(shape.config().vocabSize());
            targets[i] = random.nextInt(shape.config().vocabSize());
        }
        return new Batch(shape.batch(), shape.length(), ids, targets, ids.length, ids.length);
    }
}
