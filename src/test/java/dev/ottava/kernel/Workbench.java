package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The tensors of one run of an operation. Each lies between guard bands, and all bits are set before values are: in F32 and BF16 that is a NaN. */
final class Workbench implements AutoCloseable {
    private static final int GUARD = 64;

    private final Device device;
    private final List<Tensor> blocks = new ArrayList<>();

    Workbench(Device device) {
        this.device = device;
    }

    Device device() {
        return device;
    }

    /** A tensor of set bits. */
    Tensor empty(DType dtype, long... shape) {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        Tensor block = device.empty(dtype, count + 2 * GUARD);
        blocks.add(block);
        byte[] bits = new byte[(int) block.bytes()];
        Arrays.fill(bits, (byte) -1);
        block.copyFrom(direct(bits));
        return block.rows(GUARD, GUARD + count).view(shape);
    }

    Tensor of(DType dtype, float[] values, long... shape) {
        return empty(dtype, shape).copyFrom(values);
    }

    Tensor of(int... values) {
        return empty(DType.I32, values.length).copyFrom(values);
    }

    Tensor of(short... values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(2 * values.length).order(ByteOrder.nativeOrder());
        bytes.asShortBuffer().put(values);
        return empty(DType.I16, values.length).copyFrom(bytes);
    }

    static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    static ByteBuffer bytes(Tensor tensor) {
        ByteBuffer bytes = ByteBuffer.allocateDirect((int) tensor.bytes()).order(ByteOrder.nativeOrder());
        tensor.copyTo(bytes);
        return bytes.rewind();
    }

    void checkGuards() {
        for (Tensor block : blocks) {
            long end = block.count();
            for (Tensor band : List.of(block.rows(0, GUARD), block.rows(end - GUARD, end))) {
                ByteBuffer bytes = bytes(band);
                while (bytes.hasRemaining()) {
                    assertEquals((byte) -1, bytes.get(), () -> "written outside of " + block);
                }
            }
        }
    }

    @Override
    public void close() {
        blocks.forEach(Tensor::close);
    }
}
