package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cublas.cublasLtCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtGetStatusString;
import static org.bytedeco.cuda.global.cublas.cublasLtGetVersion;
import static org.bytedeco.cuda.global.cudart.cudaEventCreate;
import static org.bytedeco.cuda.global.cudart.cudaEventDestroy;
import static org.bytedeco.cuda.global.cudart.cudaEventElapsedTime;
import static org.bytedeco.cuda.global.cudart.cudaEventRecord;
import static org.bytedeco.cuda.global.cudart.cudaEventSynchronize;
import static org.bytedeco.cuda.global.cudart.cudaGetErrorString;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUevent_st;
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
        if (Native.ottava_stream_native(stream, address) != Native.OTTAVA_OK) {
            throw new CudaException("cuBLASLt: " + Binding.lastError());
        }
        return nativeStream.to(address[0]);
    }

    String version() {
        long version = cublasLtGetVersion();
        return "cuBLASLt " + version / 10000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /** The seconds that the work takes on the device. */
    double seconds(Runnable work) {
        CUstream_st queue = stream();
        try (CUevent_st start = new CUevent_st();
                CUevent_st end = new CUevent_st()) {
            checkRuntime("cudaEventCreate", cudaEventCreate(start));
            checkRuntime("cudaEventCreate", cudaEventCreate(end));
            try {
                checkRuntime("cudaEventRecord", cudaEventRecord(start, queue));
                work.run();
                checkRuntime("cudaEventRecord", cudaEventRecord(end, queue));
                checkRuntime("cudaEventSynchronize", cudaEventSynchronize(end));
                float[] milliseconds = new float[1];
                checkRuntime("cudaEventElapsedTime", cudaEventElapsedTime(milliseconds, start, end));
                return milliseconds[0] / 1e3;
            } finally {
                cudaEventDestroy(start);
                cudaEventDestroy(end);
            }
        }
    }

    static void check(String call, int status) {
        if (status != CUBLAS_STATUS_SUCCESS) {
            throw new CudaException(
                    call + " failed: " + cublasLtGetStatusString(status).getString());
        }
    }

    private static void checkRuntime(String call, int status) {
        if (status != 0) {
            throw new CudaException(
                    call + " failed: " + cudaGetErrorString(status).getString());
        }
    }

    @Override
    public void close() {
        cublasLtDestroy(handle);
        Native.ottava_memory_free(device, workspace.address(), WORKSPACE_BYTES);
    }
}
