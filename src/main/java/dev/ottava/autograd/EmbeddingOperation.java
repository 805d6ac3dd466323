package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.Embedding;
import java.util.List;

/** Token embedding. */
public final class EmbeddingOperation {
    private EmbeddingOperation() {}

    /**
     * The rows of the weight that the ids name: [ids.count(), hidden].
     *
     * @param ids I32; must stay open until the backward pass
     */
    public static Variable apply(Tape tape, Tensor ids, Parameter weight) {
        Variable y =
                tape.empty(weight.weight().dtype(), ids.count(), weight.weight().size(1));
        Embedding.forward(y.value(), weight.weight(), ids);
        tape.record(y.gradient(), List.of(weight), List.of(), parameters -> {
            GradientEpilogue epilogue = parameters.epilogue(weight);
            if (epilogue != null) {
                epilogue.takeEmbedding(weight, y.gradient().tensor(), ids);
                parameters.taken(weight);
                return;
            }
            GradientTarget target = parameters.open(weight);
            if (!target.accumulate()) {
                target.tensor().fill(0);
            }
            Embedding.backward(target.tensor(), y.gradient().tensor(), ids);
            parameters.done(weight);
        });
        return y;
    }
}
