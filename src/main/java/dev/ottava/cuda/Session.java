package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cublas.cublasLtCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtGetStatusString;
import static org.bytedeco.cuda.global.cublas.cublasLtGetVersion;

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

    final cublasLtContext handle = new cublasLtContext();
    final At workspace = new At();
    private final Queue queue;

    Session(long device, long stream) {
        queue = new Queue("cuBLASLt", device, stream);
        stream(); // the device's context becomes current
        check("cublasLtCreate", cublasLtCreate(handle));
        try {
            workspace.to(queue.allocate(WORKSPACE_BYTES));
        } catch (CudaException e) {
            cublasLtDestroy(handle);
            throw e;
        }
    }

    /** The stream to queue on. The device's context is current on this thread afterwards. */
    CUstream_st stream() {
        return queue.stream();
    }

    String version() {
        long version = cublasLtGetVersion();
        return "cuBLASLt " + version / 10000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /** The seconds that the work takes on the device. */
    double seconds(Runnable work) {
        return queue.seconds(work);
    }

    static void check(String call, int status) {
        if (status != CUBLAS_STATUS_SUCCESS) {
            throw new CudaException(
                    call + " failed: " + cublasLtGetStatusString(status).getString());
        }
    }

    @Override
    public void close() {
        stream(); // cublasLtDestroy wants the device's context current
        cublasLtDestroy(handle);
        queue.free(workspace.address(), WORKSPACE_BYTES);
    }
}
