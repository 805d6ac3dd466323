package dev.ottava.core;

import dev.ottava.binding.Native;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A dense row-major array on a device.
 *
 * <p>A tensor from an {@link Arena} owns its memory and is closed by whoever allocated it. A view shares the memory of the tensor it was made from and
 * becomes unusable when that one is closed; closing a view does nothing.
 */
public final class Tensor implements AutoCloseable {
    private final Device device;
    private final DType dtype;
    private final long[] shape;
    private final long address;
    private final Tensor owner; // keeps the memory alive while a view is reachable
    private LeakDetector.Allocation allocation;

    private Tensor(Device device, DType dtype, long[] shape, long address, Tensor owner) {
        this.device = device;
        this.dtype = dtype;
        this.shape = shape;
        this.address = address;
        this.owner = owner == null ? this : owner;
    }

    static Tensor allocate(Device device, MemoryPurpose purpose, DType dtype, long... shape) {
        long[] copy = shape.clone();
        long bytes = Shapes.bytes(dtype, copy);
        long address = device.pool().allocate(purpose, bytes);
        Tensor tensor = new Tensor(device, dtype, copy, address, null);
        String what = "tensor " + dtype + Arrays.toString(copy);
        tensor.allocation = device.leaks().watch(tensor, purpose, address, bytes, what);
        return tensor;
    }

    public Device device() {
        return device;
    }

    public DType dtype() {
        return dtype;
    }

    public int rank() {
        return shape.length;
    }

    /** The size of one dimension; a negative index counts from the last. */
    public long size(int dimension) {
        return shape[dimension < 0 ? dimension + shape.length : dimension];
    }

    public long[] shape() {
        return shape.clone();
    }

    /** The number of elements. */
    public long count() {
        return Shapes.count(shape);
    }

    public long bytes() {
        return count() * dtype.bytes();
    }

    public boolean isOpen() {
        return owner.allocation.isOpen();
    }

    /** The device address of the first element, for calls of the C ABI. */
    public long address() {
        if (!isOpen()) {
            throw new InvalidArgumentException(this + " is closed");
        }
        return address;
    }

    /** The same elements in another shape. */
    public Tensor view(long... newShape) {
        if (Shapes.count(newShape) != count()) {
            throw new InvalidArgumentException(this + " cannot be viewed as " + Arrays.toString(newShape));
        }
        return new Tensor(device, dtype, newShape.clone(), address(), owner);
    }

    /** Rows {@code from} to {@code to} (exclusive) of the first dimension. */
    public Tensor rows(long from, long to) {
        if (shape.length == 0 || from < 0 || to < from || to > shape[0]) {
            throw new InvalidArgumentException("rows " + from + " to " + to + " of " + this);
        }
        long[] part = shape.clone();
        part[0] = to - from;
        long row = shape[0] == 0 ? 0 : count() / shape[0];
        return new Tensor(device, dtype, part, address() + from * row * dtype.bytes(), owner);
    }

    /** Sets every element. */
    public Tensor fill(double value) {
        Status.check(Native.ottava_fill(device.stream(), dtype.code(), address(), count(), value));
        return this;
    }

    /** Copies the elements of a tensor of the same dtype, count and device. */
    public Tensor copyFrom(Tensor source) {
        if (source.dtype != dtype || source.count() != count() || source.device != device) {
            throw new InvalidArgumentException(
                    "copy from " + source + " to " + this + ": dtype, count and device must agree");
        }
        Status.check(Native.ottava_copy(device.stream(), address(), source.address(), bytes()));
        return this;
    }

    /** Copies from the array; F32, or BF16, E4M3 and E5M2 rounded to nearest even, the latter two saturating. */
    public Tensor copyFrom(float... values) {
        HostCopies.from(this, values);
        return this;
    }

    /** Copies from the array; I32. */
    public Tensor copyFrom(int... values) {
        HostCopies.from(this, values);
        return this;
    }

    /**
     * Copies the bytes that remain in a direct buffer, in the byte order of the machine. Their number is that of the
     * tensor; position and limit stay.
     */
    public Tensor copyFrom(ByteBuffer direct) {
        HostCopies.from(this, direct);
        return this;
    }

    /** Copies the bytes of the tensor into a direct buffer with as many remaining; position and limit stay. */
    public void copyTo(ByteBuffer direct) {
        HostCopies.to(direct, this);
    }

    /** The elements as floats; F32, BF16, E4M3 or E5M2. */
    public float[] toFloats() {
        return HostCopies.floats(this);
    }

    /** The elements as ints; I32. */
    public int[] toInts() {
        return HostCopies.ints(this);
    }

    /** Frees the memory if this tensor owns it; closing twice does nothing. */
    @Override
    public void close() {
        if (allocation != null) {
            allocation.free();
        }
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape) + " on " + device;
    }
}
