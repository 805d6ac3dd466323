package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Embedding;
import java.util.List;

/** Token embedding. */
public final class EmbeddingOperation {
    private EmbeddingOperation() {}

    /**
     * The rows of the weight that the ids name: [ids.count(), hidden].
     *
     * @param ids I32; must stay open until the backward pass
     * @param dtype of the result; the rows are cast if the weight is stored in another
     */
    public static Variable apply(Tape tape, Tensor ids, Parameter weight, DType dtype) {
        tape.begin("embedding");
        Tensor w = weight.weight();
        Variable y = tape.empty(dtype, ids.count(), w.size(1));
        if (w.dtype() == dtype) {
            Embedding.forward(y.value(), w, ids);
        } else {
            try (Tensor rows = tape.device().empty(w.dtype(), ids.count(), w.size(1))) {
                Embedding.forward(rows, w, ids);
                Elementwise.cast(y.value(), rows);
            }
        }
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
