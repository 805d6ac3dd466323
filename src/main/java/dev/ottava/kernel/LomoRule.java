package dev.ottava.kernel;

import dev.ottava.core.Tensor;

/**
 * How LOMO changes a weight: everything but the gradient.
 *
 * @param control step, learning rate, coefficient, and whether to write at all
 * @param weightDecay decoupled
 * @param maxValue clamp the gradient to [-maxValue, maxValue]; 0 for none
 * @param rounding of a weight that is not F32
 * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came; may be null
 */
public record LomoRule(
        StepControl control, double weightDecay, double maxValue, Rounding rounding, Tensor sumSquares) {}
