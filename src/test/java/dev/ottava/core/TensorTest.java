package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TensorTest {
    private Device device;

    @BeforeEach
    void open() {
        device = Device.open("cpu");
    }

    @AfterEach
    void close() {
        assertEquals(0, device.memory().liveBytes());
        device.close();
    }

    private static void assertRefused(String message, Executable action) {
        assertEquals(
                message, assertThrows(InvalidArgumentException.class, action).getMessage());
    }

    /** Around the size of the buffer that arrays are copied through, 1 MiB: 2^18 floats or ints, 2^19 of BF16. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, (1 << 19) + 3, 3 * (1 << 19) + 5})
    void arraysComeBackAsTheyWere(int count) {
        int[] ints = new SplittableRandom(count).ints(count).toArray();
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = ints[i] >> 24; // 8 bits, which BF16 holds
        }
        try (Tensor i32 = device.tensor(ints, count);
                Tensor f32 = device.tensor(floats, count);
                Tensor bf16 = device.empty(DType.BF16, count).copyFrom(floats)) {
            assertArrayEquals(ints, i32.toInts());
            assertArrayEquals(floats, f32.toFloats());
            assertArrayEquals(floats, bf16.toFloats());
        }
    }

    @Test
    void everyBitOfAFloatIsKept() {
        int[] bits = {0, 1 << 31, 1, 0x807fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f7fffff};
        float[] floats = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            floats[i] = Float.intBitsToFloat(bits[i]);
        }
        try (Tensor tensor = device.tensor(floats, bits.length)) {
            float[] back = tensor.toFloats();
            for (int i = 0; i < bits.length; i++) {
                assertEquals(bits[i], Float.floatToRawIntBits(back[i]));
            }
        }
    }

    /** The nearest in the 8 bits of significand, ties to even; above the largest comes infinity. */
    @Test
    void floatsAreRoundedToTheNearestBFloat16() {
        float[] given = {
            1 + 0x1p-8f, // a tie, down to even
            1 + 0x3p-8f, // a tie, up to even
            1 + 0x1p-8f + 0x1p-23f,
            1 + 0x1p-8f - 0x1p-23f,
            -(1 + 0x3p-8f),
            0x1.fep127f, // the largest
            0x1.fefffep127f,
            0x1.ffp127f, // a tie with what would come after the largest
            -Float.MAX_VALUE,
            0x1p-133f, // the smallest subnormal
            0x1p-134f,
            0x1.8p-134f,
            -0f,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            Float.intBitsToFloat(0x7f800001), // a NaN whose upper half alone would be infinity
        };
        float inf = Float.POSITIVE_INFINITY;
        float[] expected = {
            1,
            1 + 0x1p-6f,
            1 + 0x1p-7f,
            1,
            -(1 + 0x1p-6f),
            0x1.fep127f,
            0x1.fep127f,
            inf,
            -inf,
            0x1p-133f,
            0,
            0x1p-133f,
            -0f,
            -inf,
            Float.NaN,
            Float.NaN
        };
        try (Tensor tensor = device.empty(DType.BF16, given.length).copyFrom(given)) {
            assertArrayEquals(expected, tensor.toFloats());
        }
    }

    @Test
    void aDirectBufferIsCopiedFromItsPositionToItsLimit() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(32).order(ByteOrder.nativeOrder());
        for (int i = 0; i < 8; i++) {
            bytes.putInt(i);
        }
        bytes.position(8).limit(20);
        try (Tensor tensor = device.empty(DType.I32, 3).copyFrom(bytes)) {
            assertArrayEquals(new int[] {2, 3, 4}, tensor.toInts());
            assertEquals(8, bytes.position());

            tensor.copyFrom(-1, -2, -3);
            bytes.limit(28).position(16);
            tensor.copyTo(bytes.slice().order(ByteOrder.nativeOrder())); // which begins at the position
            assertEquals(16, bytes.position());
            int[] all = new int[8];
            bytes.clear().asIntBuffer().get(all);
            assertArrayEquals(new int[] {0, 1, 2, 3, -1, -2, -3, 7}, all);
        }
    }

    @Test
    void buffersThatDoNotFitAreRefused() {
        try (Tensor tensor = device.empty(DType.F32, 2, 3)) {
            assertRefused(
                    "20 bytes for F32[2, 3] on cpu, which has 24",
                    () -> tensor.copyFrom(ByteBuffer.allocateDirect(24).position(4)));
            assertRefused(
                    "28 bytes for F32[2, 3] on cpu, which has 24", () -> tensor.copyTo(ByteBuffer.allocateDirect(28)));
            assertRefused(
                    "the buffer for F32[2, 3] on cpu is not direct: use ByteBuffer.allocateDirect",
                    () -> tensor.copyFrom(ByteBuffer.allocate(24)));
            assertRefused(
                    "the buffer for F32[2, 3] on cpu is read-only",
                    () -> tensor.copyTo(ByteBuffer.allocateDirect(24).asReadOnlyBuffer()));
        }
    }

    @Test
    void arraysThatDoNotFitAreRefused() {
        try (Tensor floats = device.empty(DType.F32, 2, 3);
                Tensor ints = device.empty(DType.I32, 2);
                Tensor halves = device.empty(DType.F16, 2)) {
            assertRefused("5 values for F32[2, 3] on cpu", () -> floats.copyFrom(new float[5]));
            assertRefused("F32[2, 3] on cpu is not I32", () -> floats.copyFrom(new int[6]));
            assertRefused("F32[2, 3] on cpu is not I32", floats::toInts);
            assertRefused("I32[2] on cpu is none of F32, BF16, E4M3 and E5M2", ints::toFloats);
            assertRefused("F16[2] on cpu is none of F32, BF16, E4M3 and E5M2", () -> halves.copyFrom(1f, 2f));
            assertRefused(
                    "copy from I32[2] on cpu to F32[2, 3] on cpu: dtype, count and device must agree",
                    () -> floats.copyFrom(ints));
        }
    }

    @Test
    void viewsAndRowsShareTheMemory() {
        try (Tensor tensor = device.tensor(new float[] {0, 1, 2, 3, 4, 5}, 3, 2);
                Tensor other = device.tensor(new float[] {-6, -7}, 2)) {
            Tensor rows = tensor.rows(1, 3);
            assertArrayEquals(new long[] {2, 2}, rows.shape());
            assertArrayEquals(new float[] {2, 3, 4, 5}, rows.toFloats());
            rows.view(4).rows(1, 2).fill(9);
            tensor.view(1, 6).view(3, 1, 2).rows(2, 3).copyFrom(other);
            assertArrayEquals(new float[] {0, 1, 2, 9, -6, -7}, tensor.toFloats());
            assertArrayEquals(new float[0], tensor.rows(3, 3).toFloats());
            assertEquals(tensor.address() + 8, rows.address());

            rows.close(); // a view owns nothing
            assertTrue(tensor.isOpen());
            assertRefused("F32[3, 2] on cpu cannot be viewed as [4]", () -> tensor.view(4));
            assertRefused("rows 1 to 4 of F32[3, 2] on cpu", () -> tensor.rows(1, 4));
            assertRefused("rows 2 to 1 of F32[3, 2] on cpu", () -> tensor.rows(2, 1));
            assertRefused("rows -1 to 1 of F32[3, 2] on cpu", () -> tensor.rows(-1, 1));
        }
    }

    @Test
    void aShapeSaysItsSizes() {
        try (Tensor tensor = device.empty(DType.BF16, 2, 3, 5);
                Tensor scalar = device.empty(DType.F32).fill(7)) {
            assertEquals(3, tensor.rank());
            assertEquals(2, tensor.size(0));
            assertEquals(5, tensor.size(-1));
            assertEquals(30, tensor.count());
            assertEquals(60, tensor.bytes());
            tensor.shape()[0] = 9;
            assertEquals(2, tensor.size(0));
            assertArrayEquals(new float[] {7}, scalar.toFloats());
            assertRefused("rows 0 to 1 of F32[] on cpu", () -> scalar.rows(0, 1));
        }
    }

    @Test
    void nothingWorksAfterClosing() {
        Tensor tensor = device.tensor(new float[] {1, 2}, 2);
        Tensor view = tensor.view(2, 1);
        tensor.close();
        tensor.close(); // does nothing
        assertFalse(tensor.isOpen());
        assertFalse(view.isOpen());
        assertRefused("F32[2] on cpu is closed", tensor::toFloats);
        assertRefused("F32[2] on cpu is closed", () -> tensor.fill(0));
        assertRefused("F32[2] on cpu is closed", () -> tensor.view(1, 2));
        assertRefused("F32[2, 1] on cpu is closed", view::toFloats);
        assertRefused("F32[2, 1] on cpu is closed", () -> view.copyFrom(1f, 2f));
    }

    @Test
    void shapesThatCannotBeAreRefused() {
        assertRefused("shape [2, -1] has a negative size", () -> device.empty(DType.F32, 2, -1));
        assertRefused(
                "shape [4294967296, 4294967296] has more than 2^63 elements",
                () -> device.empty(DType.F32, 1L << 32, 1L << 32));
        assertRefused(
                "shape [2305843009213693952] of F32 has more than 2^63 bytes", () -> device.empty(DType.F32, 1L << 61));
        try (Tensor empty = device.empty(DType.F32, 0)) {
            assertRefused("shape [0, -5] has a negative size", () -> empty.view(0, -5));
        }
    }

    @Test
    void fillRounds() {
        try (Tensor bf16 = device.empty(DType.BF16, 5).fill(1 + 0x3p-8);
                Tensor f32 = device.empty(DType.F32, 5).fill(0.1);
                Tensor i32 = device.empty(DType.I32, 5).fill(-7);
                Tensor f16 = device.empty(DType.F16, 5)) {
            assertEquals(1 + 0x1p-6f, bf16.toFloats()[4]);
            assertEquals(0.1f, f32.toFloats()[4]);
            assertEquals(-7, i32.toInts()[4]);
            assertThrows(UnsupportedException.class, () -> f16.fill(1));
        }
    }
}
