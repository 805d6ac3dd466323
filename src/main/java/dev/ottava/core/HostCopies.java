package dev.ottava.core;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Copies between Java memory and tensors. Arrays go through one direct buffer per thread. */
final class HostCopies {
    private static final int STAGING_BYTES = 1 << 20;

    private record Staging(ByteBuffer buffer, long address) {}

    private static final ThreadLocal<Staging> STAGING = ThreadLocal.withInitial(() -> {
        ByteBuffer buffer = ByteBuffer.allocateDirect(STAGING_BYTES).order(ByteOrder.nativeOrder());
        return new Staging(buffer, Binding.address(buffer));
    });

    private HostCopies() {}

    static void from(Tensor tensor, ByteBuffer direct) {
        requireBytes(tensor, direct);
        try {
            long host = Binding.address(direct) + direct.position();
            Status.check(
                    Native.ottava_copy_to_device(tensor.device().stream(), tensor.address(), host, tensor.bytes()));
        } finally {
            Reference.reachabilityFence(direct); // or its memory might be freed while it is copied
        }
    }

    static void to(ByteBuffer direct, Tensor tensor) {
        requireBytes(tensor, direct);
        if (direct.isReadOnly()) {
            throw new InvalidArgumentException("the buffer for " + tensor + " is read-only");
        }
        try {
            long host = Binding.address(direct) + direct.position();
            Status.check(Native.ottava_copy_to_host(tensor.device().stream(), host, tensor.address(), tensor.bytes()));
        } finally {
            Reference.reachabilityFence(direct);
        }
    }

    static void from(Tensor tensor, float[] values) {
        requireCount(tensor, values.length);
        require(tensor, DType.F32, DType.BF16);
        chunks(tensor, true, (buffer, first, count) -> {
            for (int i = 0; i < count; i++) {
                if (tensor.dtype() == DType.F32) {
                    buffer.putFloat(values[first + i]);
                } else {
                    buffer.putShort(BFloat16.fromFloat(values[first + i]));
                }
            }
        });
    }

    static void from(Tensor tensor, int[] values) {
        requireCount(tensor, values.length);
        require(tensor, DType.I32, DType.I32);
        chunks(tensor, true, (buffer, first, count) -> buffer.asIntBuffer().put(values, first, count));
    }

    static float[] floats(Tensor tensor) {
        require(tensor, DType.F32, DType.BF16);
        float[] values = new float[Math.toIntExact(tensor.count())];
        chunks(tensor, false, (buffer, first, count) -> {
            for (int i = 0; i < count; i++) {
                values[first + i] =
                        tensor.dtype() == DType.F32 ? buffer.getFloat() : BFloat16.toFloat(buffer.getShort());
            }
        });
        return values;
    }

    static int[] ints(Tensor tensor) {
        require(tensor, DType.I32, DType.I32);
        int[] values = new int[Math.toIntExact(tensor.count())];
        chunks(tensor, false, (buffer, first, count) -> buffer.asIntBuffer().get(values, first, count));
        return values;
    }

    private interface Chunk {
        void copy(ByteBuffer staging, int first, int count);
    }

    private static void chunks(Tensor tensor, boolean toDevice, Chunk chunk) {
        Staging staging = STAGING.get();
        int total = Math.toIntExact(tensor.count());
        int size = tensor.dtype().bytes();
        long stream = tensor.device().stream();
        for (int first = 0; first < total; first += STAGING_BYTES / size) {
            int count = Math.min(STAGING_BYTES / size, total - first);
            long address = tensor.address() + (long) first * size;
            long bytes = (long) count * size;
            staging.buffer().clear();
            if (toDevice) {
                chunk.copy(staging.buffer(), first, count);
                Status.check(Native.ottava_copy_to_device(stream, address, staging.address(), bytes));
            } else {
                Status.check(Native.ottava_copy_to_host(stream, staging.address(), address, bytes));
                chunk.copy(staging.buffer(), first, count);
            }
        }
    }

    private static void require(Tensor tensor, DType one, DType other) {
        if (tensor.dtype() != one && tensor.dtype() != other) {
            throw new InvalidArgumentException(tensor + " is not " + (one == other ? one : one + " or " + other));
        }
    }

    private static void requireCount(Tensor tensor, int count) {
        if (tensor.count() != count) {
            throw new InvalidArgumentException(count + " values for " + tensor);
        }
    }

    private static void requireBytes(Tensor tensor, ByteBuffer buffer) {
        if (!buffer.isDirect()) {
            throw new InvalidArgumentException(
                    "the buffer for " + tensor + " is not direct: use ByteBuffer.allocateDirect");
        }
        if (tensor.bytes() != buffer.remaining()) {
            throw new InvalidArgumentException(
                    buffer.remaining() + " bytes for " + tensor + ", which has " + tensor.bytes());
        }
    }
}
