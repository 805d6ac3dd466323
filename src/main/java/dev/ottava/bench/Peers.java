package dev.ottava.bench;

import dev.ottava.binding.OpenBlas;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import java.util.Optional;

/** Libraries that do the same, on the class path of the benchmarks only. */
public final class Peers {
    private Peers() {}

    /**
     * Starts their threads. Called before the device is opened, because that may bind this thread to a processor, and threads inherit the
     * processors of the thread that starts them.
     *
     * @return what is missing, as a line for people; empty if nothing is
     */
    public static Optional<String> start(String device) {
        if (!device.equals("cpu")) {
            return Optional.empty();
        }
        if (!OpenBlas.isPresent()) {
            return Optional.of("OpenBLAS, the peer of matrix products, is not on the class path"
                    + " (org.bytedeco:openblas): they are measured without it");
        }
        OpenBlas.setThreads(Runtime.getRuntime().availableProcessors());
        return Optional.empty();
    }

    /** Whether OpenBLAS can be measured beside the device. */
    public static boolean openBlas(Device device) {
        return device.name().equals("cpu") && OpenBlas.isPresent();
    }

    /** {@code D[m, n] = A[m, k] · B[n, k]ᵀ}, F32, in host memory; a transposed operand is stored as [k, m] or [k, n]. */
    public static void openBlasMultiply(
            Tensor d, Tensor a, boolean aTransposed, Tensor b, boolean bTransposed, long m, long n, long k) {
        OpenBlas.multiply(
                d.address(), a.address(), aTransposed, b.address(), bTransposed, (int) m, (int) n, (int) k);
    }
}
