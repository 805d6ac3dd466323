package dev.ottava.core;

/** Allocates tensors of one purpose on one device. */
public final class Arena {
    private final Device device;
    private final MemoryPurpose purpose;

    Arena(Device device, MemoryPurpose purpose) {
        this.device = device;
        this.purpose = purpose;
    }

    public Device device() {
        return device;
    }

    public MemoryPurpose purpose() {
        return purpose;
    }

    /** A tensor that is not initialised. The caller closes it. */
    public Tensor empty(DType dtype, long... shape) {
        return Tensor.allocate(device, purpose, dtype, shape);
    }

    /** A tensor of zeros. The caller closes it. */
    public Tensor zeros(DType dtype, long... shape) {
        return empty(dtype, shape).fill(0);
    }
}
