package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cublas.cublasLtCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtGetStatusString;
import static org.bytedeco.cuda.global.cublas.cublasLtGetVersion;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Pointer;

/** A handle of cuBLASLt, its workspace, and the stream it queues on. */
final class Session implements AutoCloseable {
    /** What NVIDIA advises for Hopper is 32 MiB; twice that leaves no algorithm out. */
    static final long WORKSPACE_BYTES = 64L << 20;

    /** A pointer that is moved to where it shall point: making one costs more than a call. */
    static final class At extends Pointer {
        At to(long newAddress) {
            address = newAddress;
            return this;
        }
    }

    private static final class Stream extends CUstream_st {
        Stream to(long newAddress) {
            address = newAddress;
            return this;
        }
    }

    final cublasLtContext handle = new cublasLtContext();
    final At workspace = new At();
    private final long device;
    private final long stream;
    private final Stream nativeStream = new Stream();

    Session(long device, long stream) {
        this.device = device;
        this.stream = stream;
        stream(); // the device's context becomes current
        check("cublasLtCreate", cublasLtCreate(handle));
        long[] address = new long[1];
        if (Native.ottava_memory_allocate(device, WORKSPACE_BYTES, address) != Native.OTTAVA_OK) {
            cublasLtDestroy(handle);
            throw new CudaException("no workspace for cuBLASLt: " + Binding.lastError());
        }
        workspace.to(address[0]);
    }

    /** The stream to queue on. The device's context is current on this thread afterwards. */
    CUstream_st stream() {
        long[] address = new long[1];
        checkNative(Native.ottava_stream_native(stream, address));
        return nativeStream.to(address[0]);
    }

    String version() {
        long version = cublasLtGetVersion();
        return "cuBLASLt " + version / 10000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /** The seconds that the work takes on the device. */
    double seconds(Runnable work) {
        long[] start = new long[1];
        long[] end = new long[1];
        double[] milliseconds = new double[1];
        checkNative(Native.ottava_event_create(device, start));
        try {
            checkNative(Native.ottava_event_create(device, end));
            checkNative(Native.ottava_event_record(start[0], stream));
            work.run();
            checkNative(Native.ottava_event_record(end[0], stream));
            checkNative(Native.ottava_event_elapsed(start[0], end[0], milliseconds));
            return milliseconds[0] / 1e3;
        } finally {
            Native.ottava_event_destroy(start[0]);
            if (end[0] != 0) {
                Native.ottava_event_destroy(end[0]);
            }
        }
    }

    static void check(String call, int status) {
        if (status != CUBLAS_STATUS_SUCCESS) {
            throw new CudaException(
                    call + " failed: " + cublasLtGetStatusString(status).getString());
        }
    }

    private static void checkNative(int status) {
        if (status != Native.OTTAVA_OK) {
            throw new CudaException("cuBLASLt: " + Binding.lastError());
        }
    }

    @Override
    public void close() {
        stream(); // cublasLtDestroy wants the device's context current
        cublasLtDestroy(handle);
        Native.ottava_memory_free(device, workspace.address(), WORKSPACE_BYTES);
    }
}
