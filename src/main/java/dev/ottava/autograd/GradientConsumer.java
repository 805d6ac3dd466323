package dev.ottava.autograd;

import dev.ottava.core.Tensor;

/** Takes the gradients of parameters during a backward pass. */
@FunctionalInterface
public interface GradientConsumer {
    /** Takes a gradient, F32 in the shape of its weight, the moment it is complete; it is freed after. */
    void accept(Parameter parameter, Tensor gradient);

    /** Whether a complete gradient is kept for {@link ParameterGradients#kept} and not handed to {@link #accept}. */
    default boolean keeps(Parameter parameter) {
        return false;
    }

    /** What takes the gradient of a linear weight or an embedding that is used once where it is made, so that it is never in memory; null asks for it. */
    default GradientEpilogue epilogue(Parameter weight) {
        return null;
    }

    /** The epilogue has taken the gradient of a weight. */
    default void taken(Parameter weight) {}
}
