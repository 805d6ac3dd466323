package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.QuantizedMatrix;
import java.util.Arrays;

/**
 * The gradient of a variable while the backward pass sums it up. An operation may instead leave it quantised, for a linear layer that would quantise it anyway.
 */
final class Gradient implements Tape.Output {
    private static final String ONLY = "a gradient that is quantised has to be the only one of its variable";

    private final Device device;
    private final DType dtype;
    private final long[] shape;
    private SharedTensor sum;
    private QuantizedMatrix quantized;

    Gradient(Device device, DType dtype, long... shape) {
        this.device = device;
        this.dtype = dtype;
        this.shape = shape;
    }

    DType dtype() {
        return dtype;
    }

    /** The sum, complete once all operations that used the variable have run backward. */
    Tensor tensor() {
        return shared().tensor();
    }

    SharedTensor shared() {
        if (sum == null) {
            throw new IllegalStateException("no gradient has reached " + dtype + Arrays.toString(shape)
                    + (quantized == null ? ": is it used for the loss?" : " but a quantised one"));
        }
        return sum;
    }

    /** Adds a gradient that somebody else holds too; it is copied only if both must change it. */
    void add(SharedTensor other) {
        refuseBesideQuantized();
        if (sum == null) {
            sum = other.retain();
        } else {
            GradientTarget target = target();
            Elementwise.add(target.tensor(), target.tensor(), other.tensor());
        }
    }

    /** Where an operation writes, or adds, its part. */
    GradientTarget target() {
        refuseBesideQuantized();
        if (sum == null) {
            sum = new SharedTensor(device.arena(MemoryPurpose.ACTIVATIONS).empty(dtype, shape));
            return new GradientTarget(sum.tensor(), false);
        }
        sum = sum.unshared(MemoryPurpose.ACTIVATIONS);
        return new GradientTarget(sum.tensor(), true);
    }

    /** Takes over the whole gradient, quantised. */
    void set(QuantizedMatrix whole) {
        if (sum != null || quantized != null) {
            throw new IllegalStateException(ONLY);
        }
        quantized = whole;
    }

    private void refuseBesideQuantized() {
        if (quantized != null) {
            throw new IllegalStateException(ONLY);
        }
    }

    /** The quantised gradient, or null if it came as a tensor. */
    QuantizedMatrix quantized() {
        return quantized;
    }

    @Override
    public void release() {
        if (sum != null) {
            sum.release();
            sum = null;
        }
        if (quantized != null) {
            quantized.close();
            quantized = null;
        }
    }
}
