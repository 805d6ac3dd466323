package dev.ottava.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ottava.Gpu;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.cuda.Product.Operands;
import dev.ottava.cuda.Product.Scale;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code GemmContractTest} does not reach, on a machine with a GPU and cuBLASLt: pitches, timing, and operands of 8 bits. */
class CublasLtContractTest {
    private final Random random = new Random(20240607);
    private Device device;

    @BeforeEach
    void open() {
        assumeTrue(Gpu.kernelDevices().contains("cuda"), "this machine has no GPU");
        device = Device.open("cuda");
        assumeTrue(device.cublasLt() != null, device.property("matmul"));
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
    }

    /** Small whole numbers, whose products and sums are exact in every order. */
    private float[] wholeNumbers(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(-3, 4);
        }
        return values;
    }

    @Test
    void rowsApartByMoreThanTheirLengthAndTheFastestAlgorithm() {
        int m = 24;
        int n = 40;
        int k = 16;
        int pitch = 48;
        float[] a = wholeNumbers(m * pitch);
        float[] b = wholeNumbers(n * pitch);
        float[] expected = new float[m * pitch];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < pitch; j++) {
                expected[i * pitch + j] = j < n ? 0 : -1; // what lies between the rows is left alone
                for (int l = 0; j < n && l < k; l++) {
                    expected[i * pitch + j] += a[i * pitch + l] * b[j * pitch + l];
                }
            }
        }
        try (Tensor left = device.empty(DType.BF16, m, pitch).copyFrom(a);
                Tensor right = device.empty(DType.BF16, n, pitch).copyFrom(b);
                Tensor d = device.empty(DType.F32, m, pitch).fill(-1)) {
            Product product = Product.of(
                    DType.F32.code(), pitch, DType.BF16.code(), pitch, false, pitch, false, m, n, k, false, false);
            Operands operands = new Operands(d.address(), left.address(), right.address(), 0, 0, 0);
            assertTrue(device.cublasLt().multiply(product, operands));
            assertArrayEquals(expected, d.toFloats());
            double[] seconds = device.cublasLt().chooseFastest(product, operands, 3);
            assertTrue(seconds.length >= 1 && seconds.length <= Plan.CANDIDATES);
            d.fill(-1);
            assertTrue(device.cublasLt().multiply(product, operands));
            assertArrayEquals(expected, d.toFloats());
        }
    }

    @Test
    void eightBitsWithAScaleForEachTensor() {
        assumeTrue(
                device.property("architecture").compareTo("sm_89") >= 0,
                "FP8 products begin with compute capability 8.9");
        int m = 64;
        int n = 48;
        int k = 32;
        byte[] a = new byte[m * k];
        byte[] b = new byte[n * k];
        // Codes of 8 whole numbers, 0 to 7, and a sign: sums of their products are exact in 14 bits.
        byte[] codes = {0x00, 0x38, 0x40, 0x44, 0x48, 0x4a, 0x4c, 0x4e};
        float[] aValues = new float[m * k];
        float[] bValues = new float[n * k];
        fill(a, aValues, codes);
        fill(b, bValues, codes);
        float[] expected = new float[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int l = 0; l < k; l++) {
                    expected[i * n + j] += aValues[i * k + l] * bValues[j * k + l] * 0.5f * 4;
                }
            }
        }
        try (Tensor left = bytes(a, m, k);
                Tensor right = bytes(b, n, k);
                Tensor aScale = device.tensor(new float[] {0.5f}, 1);
                Tensor bScale = device.tensor(new float[] {4}, 1);
                Tensor d = device.empty(DType.F32, m, n).fill(Double.NaN)) {
            int e4m3 = DType.E4M3.code();
            Product product = Product.scaled(DType.F32.code(), e4m3, Scale.TENSOR, e4m3, Scale.TENSOR, m, n, k, true);
            Operands operands =
                    new Operands(d.address(), left.address(), right.address(), 0, aScale.address(), bScale.address());
            assertTrue(device.cublasLt().multiply(product, operands), product::toString);
            assertArrayEquals(expected, d.toFloats());
        }
    }

    /** Two operands of E5M2 are a product that cuBLASLt has no kernel for. */
    @Test
    void whatItHasNoKernelForIsSaid() {
        int size = 32;
        try (Tensor a = bytes(new byte[size * size], size, size);
                Tensor scale = device.tensor(new float[] {1}, 1);
                Tensor d = device.tensor(new float[size * size], size, size).fill(7)) {
            int e5m2 = DType.E5M2.code();
            Product product =
                    Product.scaled(DType.F32.code(), e5m2, Scale.TENSOR, e5m2, Scale.TENSOR, size, size, size, false);
            Operands operands =
                    new Operands(d.address(), a.address(), a.address(), 0, scale.address(), scale.address());
            assertEquals(false, device.cublasLt().multiply(product, operands));
            assertEquals(7, d.toFloats()[0]);
        }
    }

    private void fill(byte[] bytes, float[] values, byte[] codes) {
        for (int i = 0; i < bytes.length; i++) {
            int value = random.nextInt(8);
            boolean negative = random.nextBoolean();
            bytes[i] = (byte) (codes[value] | (negative ? 0x80 : 0));
            values[i] = negative ? -value : value;
        }
    }

    private Tensor bytes(byte[] codes, long rows, long columns) {
        return device.empty(DType.E4M3, rows, columns)
                .copyFrom(ByteBuffer.allocateDirect(codes.length).put(codes).flip());
    }
}
