package dev.ottava.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.UnsupportedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged files are refused in one line, or are whole after all; nothing else may happen. {@code -Dottava.fuzz.seed=N}
 * takes another seed.
 */
class ReaderFuzzTest {
    private static final int CASES = 50_000; // for each reader
    private static final long SEED = Long.getLong("ottava.fuzz.seed", 20240607);

    /** What is put into a file in place of something else. */
    private static final List<String> WORDS = List.of(
            "0",
            "-1",
            "1",
            "7",
            "2147483648",
            "9223372036854775807",
            "18446744073709551616",
            "1e40",
            "1e-9",
            "0.5",
            "null",
            "true",
            "{}",
            "[]",
            "[0,0]",
            "[8,0]",
            "\"\"",
            "\"F32\"",
            "\"F4\"",
            "\"I64\"",
            "\"x\"",
            "\"shape\":",
            "\"llama3\"",
            "\"linear\"",
            "\"silu\"",
            ",",
            ":",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            "\\u0000",
            "\n",
            "\u00e9",
            "/*",
            "NaN",
            "\"rope_scaling\":{\"type\":\"llama3\"},",
            "\"head_dim\":32,",
            "\"__metadata__\":{\"a\":\"b\"},");

    @TempDir
    Path folder;

    private interface Reader {
        void read(byte[] bytes) throws IOException;
    }

    @Test
    void safetensors() throws IOException {
        String header =
                "{\"__metadata__\":{\"format\":\"pt\"}," + SafetensorsBytes.entry("a", "F32", "[2,3]", "[0,24]") + ","
                        + SafetensorsBytes.entry("b", "BF16", "[4]", "[24,32]") + ","
                        + SafetensorsBytes.entry("c", "F16", "[0]", "[32,32]")
                        + "}";
        Path path = folder.resolve("fuzzed.safetensors");
        try (FileChannel out = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            fuzz("fuzzed.safetensors", SafetensorsBytes.of(header, new byte[32]), bytes -> {
                out.truncate(bytes.length).write(ByteBuffer.wrap(bytes), 0);
                try (SafetensorsFile file = SafetensorsFile.open(path)) {
                    checkAccepted(file, bytes.length);
                }
            });
        }
    }

    private static void checkAccepted(SafetensorsFile file, int fileBytes) {
        long data = 0;
        for (String name : file.names()) {
            long bits = SafetensorsType.named(file.type(name)).orElseThrow().bits();
            for (long size : file.shape(name)) {
                bits *= size;
            }
            data += bits / 8;
        }
        assertTrue(data <= fileBytes - 8, "the tensors have more bytes than the file");
        file.names().forEach(name -> file.requireReadable(name, DType.F32));
    }

    @Test
    void config() throws IOException {
        String config =
                "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"vocab_size\":260,\"hidden_size\":64,"
                        + "\"intermediate_size\":176,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
                        + "\"max_position_embeddings\":128,\"rms_norm_eps\":1e-05,\"rope_theta\":10000.0,\"tie_word_embeddings\":false,"
                        + "\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
                        + "\"original_max_position_embeddings\":64},\"attention_bias\":false,\"hidden_act\":\"silu\",\"eos_token_id\":[2,3]}";
        fuzz(
                "config.json",
                config.getBytes(StandardCharsets.UTF_8),
                bytes -> ConfigReader.read(Json.parse("config.json", bytes)));
    }

    private static void fuzz(String name, byte[] whole, Reader reader) throws IOException {
        System.out.println("fuzzing " + name + " with seed " + SEED);
        reader.read(whole);
        int accepted = 0;
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] bytes = mutate(whole, new Random(SEED + i));
            try {
                reader.read(bytes);
                accepted++;
            } catch (InvalidArgumentException | UnsupportedException e) {
                refused++;
                String message = e.getMessage();
                assertTrue(
                        message.contains(name)
                                && message.length() < 1000
                                && message.lines().count() == 1,
                        message);
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                throw new AssertionError(
                        "case " + i + " of seed " + SEED + ": "
                                + Base64.getEncoder().encodeToString(bytes),
                        e);
            }
        }
        assertEquals(CASES, accepted + refused);
        assertTrue(accepted > CASES / 100 && refused > CASES / 2, accepted + " accepted, " + refused + " refused");
    }

    /** One to four changes: a bit, a word of the list for what was there, a piece cut out, doubled or moved, an end. */
    private static byte[] mutate(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        for (int changes = 1 + random.nextInt(4); changes > 0 && bytes.length > 0; changes--) {
            int at = random.nextInt(bytes.length);
            int length = Math.min(random.nextInt(random.nextBoolean() ? 4 : 40), bytes.length - at);
            byte[] word = WORDS.get(random.nextInt(WORDS.size())).getBytes(StandardCharsets.UTF_8);
            switch (random.nextInt(7)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes = replace(bytes, at, 0, word);
                case 2 -> bytes = replaceValue(bytes, at, word);
                case 3 -> bytes = replace(bytes, at, length, new byte[0]);
                case 4 -> bytes = replace(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + length));
                case 5 -> bytes[random.nextInt(Math.min(9, bytes.length))] = (byte) random.nextInt(256);
                default -> bytes = random.nextInt(4) > 0 ? bytes : Arrays.copyOf(bytes, at);
            }
        }
        return fixLength(bytes, random);
    }

    /** Replaces the number, word or string that begins after the next colon, comma or bracket. */
    private static byte[] replaceValue(byte[] bytes, int at, byte[] word) {
        int from = at;
        while (from < bytes.length && ":,[".indexOf(bytes[from]) < 0) {
            from++;
        }
        from = Math.min(from + 1, bytes.length);
        int to = from;
        while (to < bytes.length && ",]}:".indexOf(bytes[to]) < 0) {
            to++;
        }
        return replace(bytes, from, to - from, word);
    }

    /**
     * Mostly makes the length of a safetensors header, which 32 bytes of data follow, right again, or few cases would
     * come further.
     */
    private static byte[] fixLength(byte[] bytes, Random random) {
        if (bytes.length > 48 && bytes[8] == '{' && random.nextInt(8) > 0) {
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, bytes.length - 40);
        }
        return bytes;
    }

    private static byte[] replace(byte[] bytes, int from, int length, byte[] by) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes, 0, from);
        out.writeBytes(by);
        out.write(bytes, from + length, bytes.length - from - length);
        return out.toByteArray();
    }
}
