package dev.ottava.cuda;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;
import org.bytedeco.cuda.cudart.CUstream_st;

/** The stream of a device of ours, on which a library of CUDA queues its work. */
final class Queue {
    private static final class Stream extends CUstream_st {
        Stream to(long newAddress) {
            address = newAddress;
            return this;
        }
    }

    private final String library;
    private final long device;
    private final long stream;
    private final Stream nativeStream = new Stream();
    private final long[] nativeAddress = new long[1];

    /**
     * @param library that uses it, for messages
     * @param device handle of the C ABI
     * @param stream handle of a stream of that device
     */
    Queue(String library, long device, long stream) {
        this.library = library;
        this.device = device;
        this.stream = stream;
    }

    /** The stream to queue on. The device's context is current on this thread afterwards. */
    CUstream_st stream() {
        check(Native.ottava_stream_native(stream, nativeAddress));
        return nativeStream.to(nativeAddress[0]);
    }

    /** Waits for what was queued. An error that this meets is told by whoever uses the device next. */
    void synchronize() {
        Native.ottava_stream_synchronize(stream);
    }

    /** The address of memory on the device, aligned to 256 bytes, that the device's statistics do not count. */
    long allocate(long bytes) {
        long[] address = new long[1];
        if (Native.ottava_memory_allocate(device, bytes, address) != Native.OTTAVA_OK) {
            throw new CudaException("no workspace for " + library + ": " + Binding.lastError());
        }
        return address[0];
    }

    void free(long address, long bytes) {
        Native.ottava_memory_free(device, address, bytes);
    }

    /** The seconds that the work takes on the device. */
    double seconds(Runnable work) {
        long[] start = new long[1];
        long[] end = new long[1];
        double[] milliseconds = new double[1];
        check(Native.ottava_event_create(device, start));
        try {
            check(Native.ottava_event_create(device, end));
            check(Native.ottava_event_record(start[0], stream));
            work.run();
            check(Native.ottava_event_record(end[0], stream));
            check(Native.ottava_event_elapsed(start[0], end[0], milliseconds));
            return milliseconds[0] / 1e3;
        } finally {
            Native.ottava_event_destroy(start[0]);
            if (end[0] != 0) {
                Native.ottava_event_destroy(end[0]);
            }
        }
    }

    private void check(int status) {
        if (status != Native.OTTAVA_OK) {
            throw new CudaException(library + ": " + Binding.lastError());
        }
    }
}
