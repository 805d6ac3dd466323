package dev.ottava.bench.suite;

import dev.ottava.autograd.LossOperation;
import dev.ottava.autograd.ParameterGradients;
import dev.ottava.autograd.Tape;
import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.data.Batch;
import dev.ottava.nn.LlamaModel;
import java.util.ArrayList;
import java.util.List;

/**
 * One decoder block, forward, and forward and backward without an update. It is a model of one layer and a vocabulary of 16, so that embedding,
 * head and loss are below 1 % of its operations.
 */
final class BlockSuite implements Suite {
    private static final int VOCABULARY = 16;

    @Override
    public List<Case> cases(Scale scale) {
        TrainingShape shape = new TrainingShape(
                "hidden " + scale.hidden() + ", " + scale.batch() + " x " + scale.sequence() + " tokens",
                TrainingShape.config(
                        VOCABULARY,
                        scale.hidden(),
                        scale.intermediate(),
                        1,
                        scale.heads(),
                        scale.kvHeads(),
                        scale.headDim(),
                        scale.sequence()),
                scale.batch(),
                scale.sequence());
        List<Case> cases = new ArrayList<>();
        for (DType dtype : scale.modelDTypes()) {
            cases.add(new Case(
                    "block forward",
                    shape.name(),
                    dtype,
                    shape.forward(),
                    false,
                    tensors -> variants(shape, dtype, tensors, false)));
            cases.add(new Case(
                    "block forward and backward",
                    shape.name(),
                    dtype,
                    shape.training(),
                    false,
                    tensors -> variants(shape, dtype, tensors, true)));
        }
        return cases;
    }

    private static Variants variants(TrainingShape shape, DType dtype, Tensors tensors, boolean backward) {
        LlamaModel model =
                tensors.own(LlamaModel.initialize(shape.config(), tensors.device(), TrainingShape.precision(dtype), 0));
        Batch batch = shape.randomBatch();
        Tensor ids = tensors.own(tensors.device().tensor(batch.ids(), shape.tokens()));
        Tensor targets = tensors.own(tensors.device().tensor(batch.targets(), shape.tokens()));
        return Variants.alone(() -> {
            try (Tape tape = backward ? Tape.recording(tensors.device()) : Tape.notRecording(tensors.device());
                    LossOperation.Loss loss = model.loss(tape, ids, targets, shape.batch(), 1.0 / shape.tokens());
                    ParameterGradients dropped =
                            ParameterGradients.consumedBy(tensors.device(), (parameter, gradient) -> {})) {
                if (backward) {
                    loss.backward(dropped, false);
                }
            }
        });
    }
}
