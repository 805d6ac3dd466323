package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.data.Batch;
import dev.ottava.nn.LlamaModel;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingStep;
import java.util.ArrayList;
import java.util.List;

/** Whole training steps: forward, backward, and the update of every parameter, on random tokens. With LOMO; with AdamW, {@link CoatStepCases}. */
final class StepSuite implements Suite {
    /** The small model has the size of the demo's; the larger one has grouped queries and a vocabulary of words. */
    private static final List<TrainingShape> PROCESSOR = List.of(
            new TrainingShape(
                    "hidden 256, 4 layers, 8 x 256 tokens",
                    TrainingShape.config(260, 256, 688, 4, 4, 4, 64, 2048),
                    8,
                    256),
            new TrainingShape(
                    "hidden 512, 8 layers, 4 x 512 tokens",
                    TrainingShape.config(4096, 512, 1376, 8, 8, 4, 64, 2048),
                    4,
                    512));

    /** Of the size of Llama 3.2 1B and Llama 3 8B. */
    private static final List<TrainingShape> GPU = List.of(
            new TrainingShape(
                    "hidden 2048, 16 layers, 4 x 2048 tokens",
                    TrainingShape.config(128256, 2048, 8192, 16, 32, 8, 64, 2048),
                    4,
                    2048),
            new TrainingShape(
                    "hidden 4096, 32 layers, 2 x 2048 tokens",
                    TrainingShape.config(128256, 4096, 14336, 32, 32, 8, 128, 2048),
                    2,
                    2048));

    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (TrainingShape shape : scale.large() ? GPU : PROCESSOR) {
            for (DType dtype : scale.modelDTypes()) {
                cases.add(new Case(
                        "lomo step",
                        shape.name(),
                        dtype,
                        shape.training(),
                        false,
                        tensors -> variants(shape, dtype, tensors)));
            }
        }
        if (scale.dtypes().contains(DType.BF16)) { // who they are set against
            cases.addAll(CoatStepCases.of(scale));
        }
        return cases;
    }

    private static Variants variants(TrainingShape shape, DType dtype, Tensors tensors) {
        Batch batch = shape.randomBatch();
        TrainingOptions options = TrainingOptions.defaults(OptimizerKind.LOMO, 1);
        LlamaModel model =
                tensors.own(LlamaModel.initialize(shape.config(), tensors.device(), TrainingShape.precision(dtype), 0));
        TrainingStep step = tensors.own(new TrainingStep(model, options));
        int[] number = {0};
        return Variants.alone(() -> step.run(List.of(batch), ++number[0], options.learningRate()));
    }
}
