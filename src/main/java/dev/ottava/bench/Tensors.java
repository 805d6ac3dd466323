package dev.ottava.bench;

import dev.ottava.bench.Case.Variants;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.SplittableRandom;

/** The tensors of a case. Values are random: on zeros a product runs up to 15 % faster, because fewer wires change. */
public final class Tensors implements AutoCloseable {
    /** More than the last cache of most processors, and of any GPU that this project has kernels for. */
    private static final long FLUSH_BYTES = 128L << 20;

    /** A prime, so that rows of a large tensor, which repeats the block, differ. */
    private static final int BLOCK = 1_048_573;

    private static final float[] RANDOM = random();

    private final Device device;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    public Tensors(Device device) {
        this.device = device;
    }

    private static float[] random() {
        SplittableRandom random = new SplittableRandom(8);
        float[] values = new float[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }

    public Device device() {
        return device;
    }

    /** Closes it with the case. */
    public <T extends AutoCloseable> T own(T resource) {
        open.push(resource);
        return resource;
    }

    /** Not initialised: an output. */
    public Tensor empty(DType dtype, long... shape) {
        return own(device.empty(dtype, shape));
    }

    /** All zero: the state of an optimizer before its first step. */
    public Tensor zeros(DType dtype, long... shape) {
        return empty(dtype, shape).fill(0);
    }

    /** Uniform in [-1, 1); F32 or BF16. */
    public Tensor random(DType dtype, long... shape) {
        Tensor tensor = empty(dtype, shape);
        long count = tensor.count();
        Tensor flat = tensor.view(count);
        long filled = Math.min(count, BLOCK);
        flat.rows(0, filled).copyFrom(Arrays.copyOf(RANDOM, (int) filled));
        while (filled < count) {
            long part = Math.min(filled, count - filled);
            flat.rows(filled, filled + part).copyFrom(flat.rows(0, part));
            filled += part;
        }
        return tensor;
    }

    /** Uniform in [0, bound), I32. */
    public Tensor ids(int bound, int count) {
        return own(
                device.tensor(new SplittableRandom(count).ints(count, 0, bound).toArray(), count));
    }

    /** The operation beside a copy that moves as many bytes, half of them in and half of them out. */
    public Variants besideCopy(double bytes, Runnable ours) {
        return new Variants(ours, "copy", copy(bytes));
    }

    /**
     * A copy that reads {@code bytes / 2} and writes as many. On cpu with all threads, which a copy of the C library has not.
     */
    public Runnable copy(double bytes) {
        long count = Math.max(1, (long) (bytes / 8));
        Tensor source = random(DType.F32, count);
        Tensor destination = empty(DType.F32, count);
        return device.name().equals("cpu")
                ? () -> Elementwise.cast(destination, source)
                : () -> destination.copyFrom(source);
    }

    /** Puts other data into all caches. It reads, so that no cache is left with lines that the next run has to write back. */
    public Runnable flush() {
        Tensor other = zeros(DType.F32, FLUSH_BYTES / 4);
        Tensor sum = empty(DType.F32, 1);
        return () -> Elementwise.sum(sum, other);
    }

    @Override
    public void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
