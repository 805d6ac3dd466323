package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Long sums of one sign on tensor cores that keep 14 bits while they accumulate FP8, as those of Hopper do: a process of its own, in which simt does. */
class Fp8AccumulationTest {
    private static final int K = 16384;

    @Test
    void exactAccumulationHoldsWhereTheAccumulatorLoses() throws Exception {
        Map<String, Double> full = errors("full");
        Map<String, Double> truncated = errors("truncated");
        assertTrue(full.get("FAST") < 1e-6 && full.get("EXACT") < 1e-6, full::toString);
        // A block of 128 sums to less than 512, of which 14 bits are 1/32: of products from 1 to 4, less than a
        // hundredth is lost.
        assertTrue(truncated.get("EXACT") < 1e-2, truncated::toString);
        // Beyond 2^15, all of a product is below the 14 bits.
        assertTrue(truncated.get("FAST") > 1e-1, truncated::toString);
    }

    private static Map<String, Double> errors(String accumulator) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Fp8AccumulationTest.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("OTTAVA_SIMT_FP8_ACCUMULATOR", accumulator);
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        return printed.lines()
                .map(line -> line.split(" "))
                .collect(Collectors.toMap(w -> w[0], w -> Double.valueOf(w[1])));
    }

    /** Prints the largest relative error of a product on simt for each accumulation. */
    public static void main(String[] args) {
        int rows = 4;
        SplittableRandom random = new SplittableRandom(1);
        byte[][] codes = new byte[2][rows * K];
        for (byte[] each : codes) {
            for (int i = 0; i < each.length; i++) {
                each[i] = (byte) (0x38 + random.nextInt(8)); // E4M3 from 1 to 1.875
            }
        }
        try (Device device = Device.open("simt");
                QuantizedMatrix a = matrix(device, rows, codes[0]);
                QuantizedMatrix b = matrix(device, rows, codes[1]);
                Tensor d = device.empty(DType.F32, rows, rows)) {
            for (Accumulation accumulation : Accumulation.values()) {
                Fp8Gemm.multiply(d, a, false, b, false, Fp8Epilogue.NONE, accumulation);
                float[] actual = d.toFloats();
                double worst = 0;
                for (int i = 0; i < rows * rows; i++) {
                    double sum = 0;
                    for (int k = 0; k < K; k++) {
                        sum += value(codes[0][i / rows * K + k]) * value(codes[1][i % rows * K + k]);
                    }
                    worst = Math.max(worst, Math.abs(actual[i] - sum) / sum);
                }
                System.out.println(accumulation + " " + worst);
            }
        }
    }

    private static double value(byte code) {
        return 1 + (code - 0x38) / 8.0;
    }

    private static QuantizedMatrix matrix(Device device, int rows, byte[] codes) {
        return new QuantizedMatrix(
                rows,
                K,
                device.empty(DType.E4M3, rows, K)
                        .copyFrom(ByteBuffer.allocateDirect(codes.length)
                                .put(codes)
                                .flip()),
                null,
                Scaling.PER_TENSOR,
                device.tensor(new float[] {1}, 1));
    }
}
