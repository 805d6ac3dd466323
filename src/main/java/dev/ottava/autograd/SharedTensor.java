package dev.ottava.autograd;

import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;

/** A tensor with several holders. */
final class SharedTensor implements Held {
    private final Tensor tensor;
    private int holders = 1;

    SharedTensor(Tensor tensor) {
        this.tensor = tensor;
    }

    Tensor tensor() {
        return tensor;
    }

    /** This, if there is one holder; otherwise a copy for the caller, who lets go of this. For changing it in place. */
    SharedTensor unshared(MemoryPurpose purpose) {
        if (holders == 1) {
            return this;
        }
        Tensor copy = tensor.device()
                .arena(purpose)
                .empty(tensor.dtype(), tensor.shape())
                .copyFrom(tensor);
        release();
        return new SharedTensor(copy);
    }

    @Override
    public SharedTensor retain() {
        holders++;
        return this;
    }

    @Override
    public void release() {
        if (--holders == 0) {
            tensor.close();
        }
    }
}
