package dev.ottava.bench;

import dev.ottava.binding.OpenBlas;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import java.util.Optional;

/** Libraries that do the same, on the class path of the benchmarks only. */
public final class Peers {
    private Peers() {}

    /**
     * Starts their threads. Called before any device is opened, because that may bind this thread to a processor, and threads inherit the
     * processors of the thread that starts them.
     */
    public static void start() {
        if (OpenBlas.isPresent()) {
            OpenBlas.setThreads(Runtime.getRuntime().availableProcessors());
        }
    }

    /** What cannot be measured beside a device because it is missing; empty if nothing is. */
    public static Optional<String> missing(Device device) {
        if (device.name().startsWith("cuda") && device.cudnn() == null) {
            return Optional.of("cuDNN, the peer of attention, is not there: attention is measured without it, by "
                    + device.property("attention"));
        }
        return device.name().equals("cpu") && !OpenBlas.isPresent()
                ? Optional.of("OpenBLAS, the peer of matrix products, is not on the class path"
                        + " (org.bytedeco:openblas): they are measured without it")
                : Optional.empty();
    }

    /** Whether OpenBLAS can be measured beside the device. */
    public static boolean openBlas(Device device) {
        return device.name().equals("cpu") && OpenBlas.isPresent();
    }

    /** {@code D[m, n] = A[m, k] · B[n, k]ᵀ}, F32, in host memory; a transposed operand is stored as [k, m] or [k, n]. */
    public static void openBlasMultiply(
            Tensor d, Tensor a, boolean aTransposed, Tensor b, boolean bTransposed, long m, long n, long k) {
        OpenBlas.multiply(d.address(), a.address(), aTransposed, b.address(), bTransposed, (int) m, (int) n, (int) k);
    }
}
