package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;

/**
 * How LOMO changes a weight: everything but the gradient.
 *
 * @param control learning rate, coefficient, and whether to write at all
 * @param weightDecay decoupled
 * @param maxValue clamp the gradient to [-maxValue, maxValue]; 0 for none
 * @param rounding of a BF16 or FP8 weight; an F32 weight is not rounded
 * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came; may be null
 */
public record LomoRule(StepControl control, double weightDecay, double maxValue, Rounding rounding, Tensor sumSquares) {
    /** Checks the tensor. */
    public LomoRule {
        if (sumSquares != null) {
            Check.dtype("lomo_rule", "sumSquares", sumSquares, DType.F32);
            Check.count("lomo_rule", "sumSquares", sumSquares, 1);
        }
    }
}
