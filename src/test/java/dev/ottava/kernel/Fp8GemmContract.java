package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.Float8Oracle;
import dev.ottava.oracle.Fp8GemmOracle;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;

/** What the contract tests of products of FP8 operands share: operands, what they should give, and on which devices. */
abstract class Fp8GemmContract extends Contract {
    static final List<DType[]> PAIRS =
            List.of(new DType[] {DType.E4M3, DType.E4M3}, new DType[] {DType.E5M2, DType.E4M3}, new DType[] {
                DType.E4M3, DType.E5M2
            });

    static Stream<String> devices() {
        return Stream.of("cpu", "simt", "simt:sm_80", "simt:sm_89");
    }

    /** Asserts which kernel ran last, on the devices that run any: that of their architecture, with D stored or quantised. */
    static void assertKernel(Device device, boolean quantized) {
        if (device.name().equals("cpu")) {
            return;
        }
        String kernel = device.property("last_kernel");
        String expected = device.property("architecture").equals("sm_90a") ? "sm90_gemm_" : "any_fp8_gemm_";
        assertTrue(kernel.startsWith(expected) && kernel.contains("_quantize_") == quantized, kernel);
    }

    /** How an operand is scaled, and whether it is the transposed copy of a matrix. */
    enum Kind {
        TENSOR,
        BLOCKS,
        TRANSPOSED_TENSOR,
        TRANSPOSED_BLOCKS;

        boolean transposed() {
            return this == TRANSPOSED_TENSOR || this == TRANSPOSED_BLOCKS;
        }

        Scaling scaling() {
            return this == BLOCKS || this == TRANSPOSED_BLOCKS ? Scaling.BLOCKS_128 : Scaling.PER_TENSOR;
        }
    }

    /**
     * An operand [rows, k] on the host.
     *
     * @param codes rows are filled up with zeros to a multiple of 16, and then by {@code more}
     */
    record Operand(DType format, Kind kind, int rows, int k, int more, byte[] codes, float[] scales) {
        int pitch() {
            return (k + 15) / 16 * 16 + more;
        }

        double[] values() {
            Float8Oracle oracle = Float8Oracle.valueOf(format.name());
            double[] values = new double[rows * k];
            for (int i = 0; i < rows; i++) {
                for (int l = 0; l < k; l++) {
                    values[i * k + l] = oracle.value(codes[i * pitch() + l]);
                }
            }
            return values;
        }

        double scale(int row, int kBlock) {
            return switch (kind) {
                case TENSOR, TRANSPOSED_TENSOR -> scales[0];
                case BLOCKS -> scales[row / 128 * ((k + 127) / 128) + kBlock];
                case TRANSPOSED_BLOCKS -> scales[kBlock * ((rows + 127) / 128) + row / 128];
            };
        }

        QuantizedMatrix on(Workbench bench) {
            boolean transposed = kind.transposed();
            Tensor tensor = bench.empty(format, rows, pitch());
            tensor.copyFrom(ByteBuffer.allocateDirect(codes.length).put(codes).flip());
            long matrixRows = transposed ? k : rows;
            long matrixColumns = transposed ? rows : k;
            return new QuantizedMatrix(
                    matrixRows,
                    matrixColumns,
                    transposed ? null : tensor,
                    transposed ? tensor : null,
                    kind.scaling(),
                    bench.of(DType.F32, scales, kind.scaling().scalesShape(matrixRows, matrixColumns)));
        }
    }

    /** Codes of all sizes below 2 (their sums are not those of a few), and scales that are no powers of two. */
    Operand operand(DType format, Kind kind, int rows, int k, int more) {
        int pitch = (k + 15) / 16 * 16 + more;
        byte[] codes = new byte[rows * pitch];
        int below = 0x40; // the code of 2 in either format
        for (int i = 0; i < rows; i++) {
            for (int l = 0; l < k; l++) {
                codes[i * pitch + l] = (byte) (random.nextInt(below) | random.nextInt(2) << 7);
            }
            for (int l = (k + 15) / 16 * 16; l < pitch; l++) {
                codes[i * pitch + l] = 0x7f; // NaN, which is not to be read
            }
        }
        long[] shape = kind.transposed()
                ? kind.scaling().scalesShape(k, rows)
                : kind.scaling().scalesShape(rows, k);
        float[] scales = new float[(int) (shape.length == 1 ? shape[0] : shape[0] * shape[1])];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (float) Math.exp(random.nextGaussian());
        }
        return new Operand(format, kind, rows, k, more, codes, scales);
    }

    static Fp8GemmOracle expected(Operand a, Operand b) {
        return Fp8GemmOracle.of(a.values(), a::scale, b.values(), b::scale, a.rows(), b.rows(), a.k());
    }

    /** |actual - expected| is within what F32 sums and the rounding of the dtype allow, element by element and on the whole. */
    static void assertNear(Fp8GemmOracle oracle, double[] expected, int k, DType dtype, float[] actual) {
        double rounding = dtype == DType.BF16 ? 0x1p-8 : 0x1p-23;
        double squares = 0;
        double errors = 0;
        for (int i = 0; i < actual.length; i++) {
            double error = Math.abs(actual[i] - expected[i]);
            double bound = oracle.bound(i, k) + rounding * Math.abs(expected[i]) * 1.01;
            int index = i;
            assertTrue(
                    error <= bound,
                    () -> "[" + index + "] is " + actual[index] + ", not " + expected[index] + ": off by more than "
                            + bound);
            squares += expected[i] * expected[i];
            errors += error * error;
        }
        double relative = Math.sqrt(errors / squares);
        assertTrue(relative <= (dtype == DType.BF16 ? 3e-3 : 1e-6), () -> "off by " + relative + " of its norm");
    }
}
