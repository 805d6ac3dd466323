package dev.ottava.autograd;

import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;

/**
 * A value computed on a {@link Tape}, with its gradient during the backward pass. Closing it says that the forward pass needs it no more; operations that
 * need it in the backward pass hold on to its memory.
 */
public final class Variable implements AutoCloseable {
    private final SharedTensor value;
    private boolean closed;
    private SharedTensor gradient;

    Variable(SharedTensor value) {
        this.value = value;
    }

    /** The value. It may be used while the variable is open. */
    public Tensor value() {
        return value.tensor();
    }

    SharedTensor shared() {
        return value;
    }

    /** The gradient, complete once all operations that used this variable have run backward. */
    Tensor gradient() {
        if (gradient == null) {
            throw new IllegalStateException("no gradient has reached " + value.tensor() + ": is it used for the loss?");
        }
        return gradient.tensor();
    }

    SharedTensor sharedGradient() {
        gradient();
        return gradient;
    }

    /** Adds a gradient that somebody else holds too; it is copied only if both must change it. */
    void addGradient(SharedTensor other) {
        if (gradient == null) {
            gradient = other.retain();
        } else {
            GradientTarget target = gradientTarget();
            Elementwise.add(target.tensor(), target.tensor(), other.tensor());
        }
    }

    /** Where an operation writes, or adds, its part of the gradient. */
    GradientTarget gradientTarget() {
        if (gradient == null) {
            gradient = new SharedTensor(like(value()));
            return new GradientTarget(gradient.tensor(), false);
        }
        gradient = gradient.unshared(MemoryPurpose.ACTIVATIONS);
        return new GradientTarget(gradient.tensor(), true);
    }

    void releaseGradient() {
        if (gradient != null) {
            gradient.release();
            gradient = null;
        }
    }

    static Tensor like(Tensor tensor) {
        return tensor.device().arena(MemoryPurpose.ACTIVATIONS).empty(tensor.dtype(), tensor.shape());
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            value.release();
        }
    }
}
