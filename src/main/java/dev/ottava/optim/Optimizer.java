package dev.ottava.optim;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.StepControl;
import java.util.Map;

/**
 * Changes parameters. It is called the moment a gradient is complete, once a step for each parameter, in the order of
 * the backward pass. One without a state can be a lambda.
 */
@FunctionalInterface
public interface Optimizer extends AutoCloseable {
    /**
     * Updates one parameter.
     *
     * @param gradient F32, in the shape of the weight; freed when this returns
     * @param control step, learning rate and the gradient's coefficient
     * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came
     */
    void update(Parameter parameter, Tensor gradient, StepControl control, Tensor sumSquares);

    /** What a checkpoint must hold to go on: names to tensors, which loading a checkpoint overwrites. */
    default Map<String, Tensor> state() {
        return Map.of();
    }

    /** Frees the state. */
    @Override
    default void close() {}
}
