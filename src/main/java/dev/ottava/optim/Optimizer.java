package dev.ottava.optim;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.LomoRule;
import dev.ottava.kernel.StepControl;
import java.util.List;
import java.util.Map;

/**
 * Changes parameters. One without a state can be a lambda of {@link #update}, which is all that an optimizer needs; the rest are offers that save memory or
 * time.
 */
@FunctionalInterface
public interface Optimizer extends AutoCloseable {
    /** A parameter and its complete gradient, as {@link Optimizer#update} takes them. */
    record Update(Parameter parameter, Tensor gradient, Tensor sumSquares) {}

    /**
     * Updates one parameter. It is called once a step for each: for a matrix the moment its gradient is complete, for vectors together at the end of the backward
     * pass, and for all of them then if {@link #keepsGradients}.
     *
     * @param gradient F32, in the shape of the weight; freed after
     * @param control step, learning rate and the gradient's coefficient; where it is not ok, nothing may be changed
     * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came
     */
    void update(Parameter parameter, Tensor gradient, StepControl control, Tensor sumSquares);

    /**
     * The rule by which a linear weight or an embedding, used once in a step, changes where its gradient is made, tile by tile, so that the gradient is never in memory; {@link
     * #update} is not called for it then. Null asks for the gradient.
     */
    default LomoRule epilogue(Parameter parameter, StepControl control, Tensor sumSquares) {
        return null;
    }

    /**
     * Whether the gradients of all parameters are kept until the last is there: what accumulation needs. Clipping by the global norm takes one backward pass then
     * and not two, and a gradient that is not finite skips the whole step.
     */
    default boolean keepsGradients() {
        return false;
    }

    /**
     * Whether all it does is giving the device operations on tensors that stay, the same ones in every step, whose numbers that change come from {@code control}. A
     * step is then recorded as a graph where the device has them ({@link dev.ottava.core.Graph}), and this is not called for the steps that are launched from it;
     * and the loss is looked at after the step, so that this is called, with a control that is not ok, where it is not finite. Otherwise the loss is looked at before.
     */
    default boolean isRecordable() {
        return false;
    }

    /** Updates several parameters, those whose gradients waited. */
    default void updateAll(List<Update> updates, StepControl control) {
        updates.forEach(each -> update(each.parameter(), each.gradient(), control, each.sumSquares()));
    }

    /** What a checkpoint must hold to go on: names to tensors, which loading a checkpoint overwrites. */
    default Map<String, Tensor> state() {
        return Map.of();
    }

    /** Frees the state. */
    @Override
    default void close() {}
}
