package dev.ottava.hub;

import static dev.ottava.hub.SafetensorsBytes.entry;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ottava.core.BFloat16;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.core.UnsupportedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tensors written to files and read back. */
class SafetensorsTensorTest {
    @TempDir
    Path folder;

    private Device device;

    @BeforeEach
    void open() {
        device = Device.open("cpu");
    }

    @AfterEach
    void close() {
        device.close();
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void writesAndReadsEveryTypeBitForBit(DType dtype) throws IOException {
        Path file = folder.resolve("f.safetensors");
        byte[] values = new byte[3 * 5 * dtype.bytes()];
        new Random(1).nextBytes(values);
        try (Tensor x = device.empty(dtype, 3, 5).copyFrom(direct(values));
                Tensor y = device.empty(dtype, 3, 5)) {
            SafetensorsWriter.write(file, Map.of("x", x));
            try (SafetensorsFile read = SafetensorsFile.open(file)) {
                read.read("x", y);
            }
            ByteBuffer back = ByteBuffer.allocateDirect(values.length);
            y.copyTo(back);
            assertEquals(direct(values), back);
        }
    }

    @Test
    void writesNamesInOrderAlignedAndPadded() throws IOException {
        Path file = folder.resolve("f.safetensors");
        try (Tensor b = device.tensor(new float[] {1, 2}, 2);
                Tensor a = device.tensor(new float[] {3}, 1);
                Tensor bytes = device.empty(DType.E4M3, 3).copyFrom(direct(new byte[] {1, 2, 3}))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("b", b);
            tensors.put("A\"", bytes);
            tensors.put("a", a);
            SafetensorsWriter.write(file, tensors);
        }
        String header = SafetensorsBytes.header(file);
        assertEquals(0, header.length() % 8);
        assertEquals(
                "{\"__metadata__\":{\"format\":\"pt\"}," + entry("a", "F32", "[1]", "[0,4]") + ","
                        + entry("b", "F32", "[2]", "[4,12]") + "," + entry("A\\\"", "F8_E4M3", "[3]", "[12,15]") + "}",
                header.stripTrailing());
        assertEquals(8 + header.length() + 15, Files.size(file));
    }

    @Test
    void castsHalfToSingleExactly() throws IOException {
        float[] values = {1, -2, 65504, 0x1p-24f, Float.POSITIVE_INFINITY};
        ByteBuffer data = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        for (int bits : new int[] {0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00}) {
            data.putShort((short) bits);
        }
        String header = "{" + entry("x", "F16", "[5]", "[0,10]") + "}";
        Path path = Files.write(folder.resolve("half"), SafetensorsBytes.of(header, data.array()));
        try (SafetensorsFile file = SafetensorsFile.open(path);
                Tensor x = device.empty(DType.F32, 5)) {
            file.read("x", x);
            assertArrayEquals(values, x.toFloats());
        }
    }

    @Test
    void readsAndCastsTensorsLargerThanAChunk() {
        int count = SafetensorsFile.CHUNK_BYTES / 4 + 1003;
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * 1.001f;
        }
        Path path = folder.resolve("large");
        try (Tensor x = device.tensor(values, count)) {
            SafetensorsWriter.write(path, Map.of("x", x));
        }
        try (SafetensorsFile file = SafetensorsFile.open(path);
                Tensor same = device.empty(DType.F32, count);
                Tensor half = device.empty(DType.BF16, count)) {
            file.read("x", same);
            file.read("x", half);
            assertArrayEquals(values, same.toFloats());
            float[] rounded = half.toFloats();
            for (int i = 0; i < count; i++) {
                assertEquals(BFloat16.toFloat(BFloat16.fromFloat(values[i])), rounded[i]);
            }
        }
        assertEquals(0, device.memory().liveBytes(), "bytes left on the device");
    }

    @Test
    void readsTensorsWithoutElements() {
        Path path = folder.resolve("empty");
        try (Tensor none = device.empty(DType.F32, 0, 4);
                Tensor back = device.empty(DType.BF16, 0, 4)) {
            SafetensorsWriter.write(path, Map.of("none", none));
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                file.read("none", back);
            }
        }
    }

    @Test
    void refusesATypeByNameOnlyWhenItIsRead() throws IOException {
        String header =
                "{" + entry("scales", "F8_E8M0", "[4]", "[8,12]") + "," + entry("ids", "I32", "[2]", "[0,8]") + "}";
        try (SafetensorsFile file = SafetensorsFile.open(SafetensorsBytes.write(folder.resolve("f"), header, 12));
                Tensor scales = device.empty(DType.F32, 4);
                Tensor ids = device.empty(DType.F32, 2)) {
            UnsupportedException e = assertThrows(UnsupportedException.class, () -> file.read("scales", scales));
            assertTrue(
                    e.getMessage().contains("tensor 'scales' is F8_E8M0, which cannot be read as F32"), e.getMessage());
            e = assertThrows(UnsupportedException.class, () -> file.read("ids", ids));
            assertTrue(e.getMessage().contains("tensor 'ids' is I32, which cannot be read as F32"), e.getMessage());
        }
    }

    @Test
    void refusesAnotherShape() throws IOException {
        String header = "{" + entry("x", "F32", "[2,3]", "[0,24]") + "}";
        try (SafetensorsFile file = SafetensorsFile.open(SafetensorsBytes.write(folder.resolve("f"), header, 24));
                Tensor x = device.empty(DType.F32, 3, 2)) {
            InvalidArgumentException e = assertThrows(InvalidArgumentException.class, () -> file.read("x", x));
            assertTrue(e.getMessage().contains("tensor 'x' has the shape [2, 3] instead of [3, 2]"), e.getMessage());
        }
    }

    @Test
    void refusesAFileThatShrankAfterItWasOpened() throws IOException {
        String header = "{" + entry("x", "F32", "[2]", "[0,8]") + "}";
        Path path = SafetensorsBytes.write(folder.resolve("f"), header, 8);
        try (SafetensorsFile file = SafetensorsFile.open(path);
                Tensor x = device.empty(DType.F32, 2)) {
            SafetensorsBytes.write(path, header, 4);
            InvalidArgumentException e = assertThrows(InvalidArgumentException.class, () -> file.read("x", x));
            assertTrue(e.getMessage().contains("cannot be read: it ended while it was read"), e.getMessage());
        }
    }

    @Test
    void reportsAFullDisk() {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full));
        try (Tensor x = device.tensor(new float[] {1}, 1)) {
            OttavaException e =
                    assertThrows(OttavaException.class, () -> SafetensorsWriter.write(full, Map.of("x", x)));
            assertTrue(e.getMessage().contains("/dev/full cannot be written: No space left on device"), e.getMessage());
        }
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
}
