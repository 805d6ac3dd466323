package dev.ottava.hub;

import static dev.ottava.hub.SafetensorsBytes.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsHeaderTest {
    private static final String X = entry("x", "F32", "[2]", "[0,8]");

    @TempDir
    Path folder;

    @Test
    void describesTensorsAndMetadata() throws IOException {
        String header = "{\"__metadata__\":{\"format\":\"pt\"}," + entry("b", "BF16", "[2,3]", "[8,20]") + "," + X + ","
                + entry("empty", "I64", "[0,7]", "[8,8]") + "," + entry("scalar", "F16", "[]", "[20,22]") + ","
                + entry("half bytes", "F4", "[4]", "[22,24]") + "}  ";
        try (SafetensorsFile file = SafetensorsFile.open(SafetensorsBytes.write(folder.resolve("f"), header, 24))) {
            assertEquals(List.of("b", "empty", "half bytes", "scalar", "x"), List.copyOf(file.names()));
            assertEquals("[2, 3]", Arrays.toString(file.shape("b")));
            assertEquals("[]", Arrays.toString(file.shape("scalar")));
            assertEquals("F4", file.type("half bytes"));
            assertEquals(Map.of("format", "pt"), file.metadata());
            assertMessage(
                    assertThrows(InvalidArgumentException.class, () -> file.shape("y")), "there is no tensor 'y'");
        }
    }

    static Stream<Arguments> brokenHeaders() {
        return Stream.of(
                broken("no JSON", "{\"x\":", 8, "the header is not JSON"),
                broken("not an object", "[1]", 0, "the header is not JSON: it does not begin with {"),
                broken("blank in front", " {" + X + "}", 8, "it does not begin with {"),
                broken("something behind", "{" + X + "}{}", 8, "something follows the header's JSON object"),
                broken("name twice", "{" + X + "," + X + "}", 8, "Duplicate field 'x'"),
                broken("key twice", "{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 8, "Duplicate field 'dtype'"),
                broken(
                        "offset beyond the data",
                        with("F32", "[2]", "[0,8]"),
                        7,
                        "the file has 7 bytes of data: is it truncated?"),
                broken(
                        "negative offset",
                        with("F32", "[2]", "[-8,0]"),
                        8,
                        "tensor 'x' has a negative number in data_offsets: -8"),
                broken(
                        "reversed offsets",
                        with("F32", "[2]", "[8,0]"),
                        8,
                        "tensor 'x' has reversed data_offsets [8, 0]"),
                broken("one offset", with("F32", "[2]", "[8]"), 8, "tensor 'x' has 1 data_offsets: there must be 2"),
                broken(
                        "fractional offset",
                        with("F32", "[2]", "[0,8.0]"),
                        8,
                        "data_offsets with something that is not an integer"),
                broken(
                        "huge offset",
                        with("F32", "[2]", "[0,9223372036854775808]"),
                        8,
                        "a number of more than 63 bits"),
                broken(
                        "offsets as text",
                        with("F32", "[2]", "\"0,8\""),
                        8,
                        "tensor 'x' has a data_offsets that is not a list"),
                broken(
                        "overlap",
                        "{" + X + "," + entry("y", "F32", "[2]", "[4,12]") + "}",
                        12,
                        "tensor 'y' overlaps tensor 'x'"),
                broken(
                        "same bytes",
                        "{" + X + "," + entry("y", "F32", "[2]", "[0,8]") + "}",
                        8,
                        "tensor 'y' overlaps tensor 'x'"),
                broken(
                        "hole in front",
                        with("F32", "[2]", "[4,12]"),
                        12,
                        "the 4 bytes before tensor 'x' belong to no tensor"),
                broken(
                        "hole between",
                        "{" + X + "," + entry("y", "F32", "[1]", "[12,16]") + "}",
                        16,
                        "the 4 bytes before tensor 'y' belong to no tensor"),
                broken("rest behind", with("F32", "[2]", "[0,8]"), 9, "the last 1 bytes belong to no tensor"),
                broken("no tensors, but data", "{}", 3, "the last 3 bytes belong to no tensor"),
                broken(
                        "shape against bytes",
                        with("F32", "[3]", "[0,8]"),
                        8,
                        "tensor 'x' has the shape [3] of F32, 12 bytes, but data_offsets [0, 8] hold 8"),
                broken(
                        "negative size",
                        with("F32", "[-2]", "[0,8]"),
                        8,
                        "tensor 'x' has a negative number in shape: -2"),
                broken(
                        "shape overflow",
                        with("F32", "[4294967296,4294967296]", "[0,0]"),
                        0,
                        "tensor 'x' has the shape [4294967296, 4294967296], which overflows 64 bits"),
                broken("overflow of bits", with("F32", "[576460752303423488]", "[0,0]"), 0, "which overflows 64 bits"),
                broken(
                        "size of 2^64",
                        with("F32", "[18446744073709551616]", "[0,0]"),
                        0,
                        "a number of more than 63 bits"),
                broken("half a byte", with("F4", "[3]", "[0,1]"), 1, "no whole number of bytes of F4"),
                broken("too many sizes", with("F32", "[1" + ",1".repeat(64) + "]", "[0,4]"), 4, "more than 64 numbers"),
                broken("unknown dtype", with("F31", "[2]", "[0,8]"), 8, "tensor 'x' has the unknown dtype 'F31'"),
                broken("dtype a number", "{\"x\":{\"dtype\":32}}", 8, "tensor 'x' has a dtype that is not a string"),
                broken("no dtype", "{\"x\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor 'x' lacks dtype"),
                broken("no shape", "{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "tensor 'x' lacks shape"),
                broken("no offsets", "{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "tensor 'x' lacks data_offsets"),
                broken("unknown key", "{\"x\":{\"scale\":1}}", 8, "tensor 'x' has an unknown key 'scale'"),
                broken("tensor a number", "{\"x\":1}", 8, "tensor 'x' is not described by an object"),
                broken("metadata a list", "{\"__metadata__\":[]}", 0, "__metadata__ is not an object"),
                broken(
                        "metadata a number",
                        "{\"__metadata__\":{\"step\":1}}",
                        0,
                        "the value of 'step' is not a string"),
                broken("deep", "{\"x\":" + "[".repeat(100_000) + "}", 8, "tensor 'x' is not described by an object"),
                broken("break in a name", "{\"a\\nb\":1}", 0, "tensor 'a b' is not described by an object"));
    }

    private static Arguments broken(String what, String header, int dataBytes, String message) {
        return Arguments.of(what, header, dataBytes, message);
    }

    private static String with(String type, String shape, String offsets) {
        return "{" + entry("x", type, shape, offsets) + "}";
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenHeaders")
    void refuses(String what, String header, int dataBytes, String message) throws IOException {
        Path file = SafetensorsBytes.write(folder.resolve("broken.safetensors"), header, dataBytes);
        assertRefused(file, message);
    }

    @Test
    void refusesAFileShorterThanItsHeader() throws IOException {
        byte[] whole = SafetensorsBytes.of("{" + X + "}", new byte[8]);
        for (int bytes = 0; bytes < whole.length; bytes++) {
            assertRefused(Files.write(folder.resolve("cut"), Arrays.copyOf(whole, bytes)), "truncated");
        }
    }

    @Test
    void refusesAHeaderOverTheLimitWithoutAllocatingIt() throws IOException {
        for (long length : new long[] {100_000_001, 1L << 40, Long.MAX_VALUE, -1}) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
            Path file = Files.write(folder.resolve("oversized"), bytes.array());
            assertRefused(
                    file, "its header would have " + Long.toUnsignedString(length) + " bytes, the limit is 100000000");
        }
    }

    @Test
    void refusesTextThatIsNotUtf8() throws IOException {
        byte[] file = SafetensorsBytes.of("{" + X + "}", new byte[8]);
        file[10] = (byte) 0xff;
        assertRefused(Files.write(folder.resolve("latin"), file), "the header is not JSON: not UTF-8");
        byte[] utf16 = "{}".getBytes(StandardCharsets.UTF_16LE);
        ByteBuffer wide = ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(4)
                .put(utf16);
        assertRefused(Files.write(folder.resolve("wide"), wide.array()), "the header is not JSON");
    }

    @Test
    void refusesWhatIsNoFile() {
        assertMessage(
                assertThrows(InvalidArgumentException.class, () -> SafetensorsFile.open(folder.resolve("absent"))),
                "there is no file");
        assertMessage(
                assertThrows(InvalidArgumentException.class, () -> SafetensorsFile.open(folder)), "cannot be read");
    }

    private static void assertRefused(Path file, String message) {
        InvalidArgumentException e = assertThrows(
                InvalidArgumentException.class, () -> SafetensorsFile.open(file).close());
        assertMessage(e, message);
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    }

    private static void assertMessage(InvalidArgumentException e, String message) {
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }
}
