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
        requireFloating(tensor);
        chunks(tensor, true, (buffer, first, count) -> {
            for (int i = first; i < first + count; i++) {
                switch (tensor.dtype()) {
                    case F32 -> buffer.putFloat(values[i]);
                    case BF16 -> buffer.putShort(BFloat16.fromFloat(values[i]));
                    default -> buffer.put(Float8.fromFloat(tensor.dtype(), values[i]));
                }
            }
        });
    }

    static void from(Tensor tensor, int[] values) {
        requireCount(tensor, values.length);
        requireInts(tensor);
        chunks(tensor, true, (buffer, first, count) -> buffer.asIntBuffer().put(values, first, count));
    }

    static float[] floats(Tensor tensor) {
        requireFloating(tensor);
        float[] values = new float[Math.toIntExact(tensor.count())];
        chunks(tensor, false, (buffer, first, count) -> {
            for (int i = first; i < first + count; i++) {
                values[i] = switch (tensor.dtype()) {
                    case F32 -> buffer.getFloat();
                    case BF16 -> BFloat16.toFloat(buffer.getShort());
                    default -> Float8.toFloat(tensor.dtype(), buffer.get());
                };
            }
        });
        return values;
    }

    static int[] ints(Tensor tensor) {
        requireInts(tensor);
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

    private static void requireFloating(Tensor tensor) {
        switch (tensor.dtype()) {
            case F32, BF16, E4M3, E5M2 -> {}
            default -> throw new InvalidArgumentException(tensor + " is none of F32, BF16, E4M3 and E5M2");
        }
    }

    private static void requireInts(Tensor tensor) {
        if (tensor.dtype() != DType.I32) {
            throw new InvalidArgumentException(tensor + " is not I32");
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
