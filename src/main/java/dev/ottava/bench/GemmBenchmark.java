package dev.ottava.bench;

import dev.ottava.binding.OpenBlas;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Gemm;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Square matrix products on the cpu device, F32 and BF16, beside OpenBLAS SGEMM in the same rounds. */
public final class GemmBenchmark {
    private static final int RUNS = 50;

    /**
     * One size.
     *
     * @param size m = n = k
     * @param peer OpenBLAS SGEMM
     */
    public record Result(int size, Timing f32, Timing bf16, Timing peer) {
        /** GFLOP/s of the median. */
        public double gigaflops(Timing timing) {
            return 2.0 * size * size * size / timing.median() / 1e9;
        }
    }

    private GemmBenchmark() {}

    /**
     * Starts the peer's threads. Called before the device is opened, because that may bind this thread to a processor, and
     * threads inherit the processors of the thread that starts them.
     */
    public static void startPeer() {
        if (!OpenBlas.isPresent()) {
            throw new InvalidArgumentException(
                    "OpenBLAS, the peer, is not on the class path: add org.bytedeco:openblas");
        }
        OpenBlas.setThreads(Runtime.getRuntime().availableProcessors());
    }

    /** Measures m = n = k for each size, after {@link #startPeer}. */
    public static List<Result> run(Device device, List<Integer> sizes) {
        if (!device.name().equals("cpu")) {
            throw new InvalidArgumentException("bench gemm measures the cpu device, not " + device);
        }
        List<Result> results = new ArrayList<>();
        for (int n : sizes) {
            try (Tensor a = random(device, n);
                    Tensor b = random(device, n);
                    Tensor d = device.empty(DType.F32, n, n);
                    Tensor a16 = device.empty(DType.BF16, n, n).copyFrom(a.toFloats());
                    Tensor b16 = device.empty(DType.BF16, n, n).copyFrom(b.toFloats());
                    Tensor d16 = device.empty(DType.BF16, n, n)) {
                List<Timing> timings = Timing.interleaved(
                        RUNS,
                        List.of(
                                () -> Gemm.multiply(d, a, b),
                                () -> Gemm.multiply(d16, a16, b16),
                                () -> OpenBlas.multiply(d.address(), a.address(), b.address(), n, n, n)));
                results.add(new Result(n, timings.get(0), timings.get(1), timings.get(2)));
            }
        }
        return results;
    }

    private static Tensor random(Device device, int n) {
        SplittableRandom random = new SplittableRandom(n);
        float[] values = new float[n * n];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return device.tensor(values, n, n);
    }
}
