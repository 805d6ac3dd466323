package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.LomoRule;

/** What is done with the gradient of a linear weight where it is made, tile by tile, so that it is never in memory. */
public sealed interface GradientEpilogue {
    /** [1], F32: receives the sum of squares of the gradient. */
    Tensor sumSquares();

    /** The weight changes. */
    record Update(LomoRule rule) implements GradientEpilogue {
        @Override
        public Tensor sumSquares() {
            return rule.sumSquares();
        }
    }

    /** Nothing changes: the first pass of clipping by the global norm. */
    record Norm(Tensor sumSquares) implements GradientEpilogue {}
}
