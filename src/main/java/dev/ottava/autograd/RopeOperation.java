package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.Rope;
import java.util.List;

/** Rotary position embedding, in place: the value of x becomes the rotated one, since nothing needs it unrotated. */
public final class RopeOperation {
    private RopeOperation() {}

    /**
     * Rotates.
     *
     * @param x [tokens, heads · headDim]; the result of an operation that does not need its output for its gradient, and used by nobody else
     * @param sequence tokens of one sequence, at positions from 0
     */
    public static Variable apply(Tape tape, Variable x, Tensor cosine, Tensor sine, long sequence, long headDim) {
        tape.begin("rope");
        Variable y = Tape.sharing(x);
        Rope.apply(heads(x.value(), headDim), cosine, sine, sequence, 0, false);
        tape.record(y.gradient(), List.of(), List.of(), parameters -> {
            x.gradient().add(y.gradient().shared());
            y.gradient().release();
            Rope.apply(heads(x.gradient().target().tensor(), headDim), cosine, sine, sequence, 0, true);
        });
        return y;
    }

    private static Tensor heads(Tensor x, long headDim) {
        return x.view(x.size(0), x.size(1) / headDim, headDim);
    }
}
