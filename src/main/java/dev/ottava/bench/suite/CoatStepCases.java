package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Rival;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.RandomWeights;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.data.Batch;
import dev.ottava.kernel.Scaling;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import dev.ottava.optim.AdamW;
import dev.ottava.train.Trainer;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingStep;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Training steps with AdamW: linear layers, saved activations and moments in FP8 (COAT), against BF16 with moments in F32 and in BF16. One after the other, each alone
 * on the device, because two models of these sizes do not fit beside each other in 80 GB, and because each is to have its own peak.
 */
final class CoatStepCases {
    /** Narrow and wide as the demo's, with queries in groups. */
    private static final List<TrainingShape> PROCESSOR = List.of(new TrainingShape(
            "hidden 256, 4 layers, 4 x 256 tokens", TrainingShape.config(260, 256, 688, 4, 4, 2, 64, 2048), 4, 256));

    /** Qwen2.5 of 1.5 and 3 billion weights, and as many layers of 7 billion as BF16 with F32 moments can train in 80 GB. */
    private static final List<TrainingShape> GPU = List.of(
            new TrainingShape(
                    "Qwen2.5 1.5B, 28 layers, 4 x 2048 tokens", qwen(151936, 1536, 8960, 28, 12, 2, true), 4, 2048),
            new TrainingShape(
                    "Qwen2.5 3B, 36 layers, 2 x 2048 tokens", qwen(151936, 2048, 11008, 36, 16, 2, true), 2, 2048),
            new TrainingShape(
                    "Qwen2.5 7B, 12 of 28 layers, 2 x 2048 tokens",
                    qwen(152064, 3584, 18944, 12, 28, 4, false),
                    2,
                    2048));

    private CoatStepCases() {}

    static List<Case> of(Scale scale) {
        return (scale.large() ? GPU : PROCESSOR)
                .stream().map(CoatStepCases::stepOf).toList();
    }

    private static LlamaConfig qwen(
            int vocabulary, int hidden, int intermediate, int layers, int heads, int kvHeads, boolean tied) {
        return new LlamaConfig(
                "qwen2",
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                kvHeads,
                128,
                32768,
                1e-6,
                new RopeConfig(1e6, null),
                tied,
                true,
                false,
                false,
                -1,
                -1);
    }

    private static Case stepOf(TrainingShape shape) {
        TrainingOptions bf16 = options(shape, Precision.BF16, AdamW.StateKind.FP32);
        TrainingOptions bf16Moments = options(shape, Precision.BF16, AdamW.StateKind.BF16);
        TrainingOptions coat = options(shape, Precision.fp8(Scaling.BLOCKS_128), AdamW.StateKind.FP8)
                .with(o -> o.fp8Activations = true);
        return new Case(
                "coat step",
                shape.name(),
                DType.E4M3,
                shape.training(),
                false,
                tensors -> variants(shape, coat, tensors),
                List.of(
                        new Rival("BF16, F32 moments", tensors -> variants(shape, bf16, tensors)),
                        new Rival("BF16, BF16 moments", tensors -> variants(shape, bf16Moments, tensors))));
    }

    private static TrainingOptions options(TrainingShape shape, Precision precision, AdamW.StateKind moments) {
        return TrainingOptions.defaults(OptimizerKind.ADAMW, 1).with(o -> {
            o.precision = precision;
            o.optimizerStates = moments;
            o.batchSize = shape.batch();
        });
    }

    private static Variants variants(TrainingShape shape, TrainingOptions options, Tensors tensors) {
        long planned = Trainer.plan(shape.config(), options, shape.length()).peakBytes();
        LlamaModel model = tensors.own(LlamaModel.empty(shape.config(), tensors.device(), options.precision()));
        RandomWeights.fill(model, new SplittableRandom(0));
        TrainingStep step = tensors.own(new TrainingStep(model, options));
        Batch batch = shape.randomBatch();
        int[] number = {0};
        return Variants.alone(() -> step.run(List.of(batch), ++number[0], options.learningRate()))
                .with("planned_peak_bytes", planned);
    }
}
