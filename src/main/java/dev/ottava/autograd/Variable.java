package dev.ottava.autograd;

import dev.ottava.core.Tensor;

/**
 * A value computed on a {@link Tape}, with its gradient during the backward pass. Closing it says that the forward pass needs it no more; operations that
 * need it in the backward pass hold on to its memory.
 */
public final class Variable implements LinearInput {
    private final SharedTensor value;
    private final Gradient gradient;
    private boolean closed;

    Variable(SharedTensor value) {
        this.value = value;
        Tensor tensor = value.tensor();
        this.gradient = new Gradient(tensor.device(), tensor.dtype(), tensor.shape());
    }

    /** The value. It may be used while the variable is open. */
    public Tensor value() {
        return value.tensor();
    }

    SharedTensor shared() {
        return value;
    }

    Gradient gradient() {
        return gradient;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            value.release();
        }
    }
}
