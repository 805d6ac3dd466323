package dev.ottava.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.BFloat16;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Float8;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.WeightFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models with FP8 weights in a folder: names, shapes and types are those of FP8Linear of transformers. */
class Fp8FolderTest {
    private static final LlamaConfig CONFIG = LlamaConfig.llama(32, 144, 272, 2, 9, 3, 64, 1, 2);
    private static final Precision FP8 = Precision.BF16.with(WeightFormat.FP8);
    private static final String DOWN = "model.layers.1.mlp.down_proj.weight"; // [144, 272]

    @TempDir
    Path folder;

    private Device device;
    private LlamaModel model;

    @BeforeEach
    void open() {
        device = Device.open("cpu");
        model = LlamaModel.initialize(CONFIG, device, FP8, 7);
        ModelFolder.save(model, folder, null);
    }

    @AfterEach
    void close() {
        model.close();
        long left = device.memory().liveBytes();
        device.close();
        assertEquals(0, left, "bytes left on the device");
    }

    @Test
    void whatIsWritten() throws IOException {
        var tensors = SafetensorsBytes.tensors(folder.resolve("model.safetensors"));
        assertEquals("F8_E4M3 [144,272]", tensors.get(DOWN).getKey());
        assertEquals("F32 [2,3]", tensors.get(DOWN + "_scale_inv").getKey());
        assertEquals("BF16 [32,144]", tensors.get("lm_head.weight").getKey());
        assertEquals("BF16 [144]", tensors.get("model.norm.weight").getKey());
        assertFalse(tensors.containsKey("lm_head.weight_scale_inv"));
        assertEquals(model.parameters().size() + 2 * 7, tensors.size());
        JsonObject config = Json.read(folder.resolve("config.json"));
        assertEquals("bfloat16", config.text("torch_dtype"));
        String expected =
                "\"quantization_config\":{\"quant_method\":\"fp8\",\"fmt\":\"e4m3\",\"activation_scheme\":\"dynamic\","
                        + "\"weight_block_size\":[128,128],\"modules_to_not_convert\":[\"lm_head\"]}";
        String json = Files.readString(folder.resolve("config.json")).replaceAll("\\s", "");
        assertTrue(json.contains(expected), json);
    }

    /** A number is its code multiplied with the number of its block, as transformers has it. */
    @Test
    void theFileSaysWhatTheModelHas() throws IOException {
        var tensors = SafetensorsBytes.tensors(folder.resolve("model.safetensors"));
        ByteBuffer codes = tensors.get(DOWN).getValue();
        ByteBuffer scales = tensors.get(DOWN + "_scale_inv").getValue().order(ByteOrder.LITTLE_ENDIAN);
        float[] values = values(model).get(DOWN);
        for (int i = 0; i < 144; i++) {
            for (int j = 0; j < 272; j++) {
                float scale = scales.getFloat(4 * (i / 128 * 3 + j / 128));
                assertEquals(values[i * 272 + j], Float8.toFloat(DType.E4M3, codes.get(i * 272 + j)) * scale);
            }
        }
    }

    @Test
    void isLoadedByteForByte() throws IOException {
        Path copy = folder.resolve("copy");
        try (LlamaModel loaded = ModelFolder.load(folder, device, FP8)) {
            ModelFolder.save(loaded, copy, null);
        }
        assertEquals(-1, Files.mismatch(folder.resolve("model.safetensors"), copy.resolve("model.safetensors")));
    }

    @Test
    void isLoadedIntoOtherFormats() {
        Map<String, float[]> expected = values(model);
        try (LlamaModel single = ModelFolder.load(folder, device, Precision.F32);
                LlamaModel half = ModelFolder.load(folder, device, Precision.BF16);
                LlamaModel rounded = ModelFolder.load(folder, device, FP8.with(WeightFormat.FP8_POWER_OF_TWO))) {
            expected.forEach(
                    (name, values) -> assertArrayEquals(values, values(single).get(name), name));
            expected.forEach((name, values) ->
                    assertArrayEquals(bf16(values), values(half).get(name), name));
            values(rounded).forEach((name, values) -> {
                for (int i = 0; i < values.length; i++) {
                    // Scales grow, and codes lose up to their last bit; the smallest are a whole number of smaller
                    // parts of the largest.
                    assertEquals(expected.get(name)[i], values[i], Math.abs(expected.get(name)[i]) / 16 + 1e-4, name);
                }
            });
        }
    }

    @Test
    void isSavedInBf16OnRequest() throws IOException {
        Path plain = folder.resolve("plain");
        ModelFolder.save(model, plain, null, DType.BF16);
        assertFalse(Files.readString(plain.resolve("config.json")).contains("quantization_config"));
        assertFalse(SafetensorsBytes.header(plain.resolve("model.safetensors")).contains("E4M3"));
        Map<String, float[]> expected = values(model);
        try (LlamaModel loaded = ModelFolder.load(plain, device, Precision.BF16)) {
            values(loaded).forEach((name, values) -> assertArrayEquals(bf16(expected.get(name)), values, name));
        }
    }

    /** A model in BF16 becomes one in FP8 as quantising makes it. */
    @Test
    void othersAreLoadedIntoFp8() {
        Path plain = folder.resolve("plain");
        try (LlamaModel single = LlamaModel.initialize(CONFIG, device, Precision.F32, 7)) {
            ModelFolder.save(single, plain, null);
        }
        Map<String, float[]> expected = values(model);
        try (LlamaModel loaded = ModelFolder.load(plain, device, FP8)) {
            values(loaded).forEach((name, values) -> assertArrayEquals(expected.get(name), values, name));
        }
    }

    @Test
    void refusals() throws IOException {
        rename("layers.1.mlp.down_proj.weight_scale_inv", "layers.1.mlp.down_proj.weight_scale_out");
        assertRefused("tensor '" + DOWN + "_scale_inv' is missing");
        rename("layers.1.mlp.down_proj.weight_scale_out", "layers.1.mlp.down_proj.weight_scale_inv");
        rename("\"shape\":[2,3]", "\"shape\":[3,2]");
        assertRefused("has the shape [3, 2] instead of [2, 3]");
        rename("\"shape\":[3,2]", "\"shape\":[2,3]");
        rename("\"F8_E4M3\"", "\"F8_E5M2\"");
        assertRefused("is F8_E5M2, which cannot be read as F32");
    }

    private void rename(String from, String to) throws IOException {
        Path file = folder.resolve("model.safetensors");
        String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        assertTrue(bytes.contains(from));
        Files.write(file, bytes.replace(from, to).getBytes(StandardCharsets.ISO_8859_1));
    }

    private void assertRefused(String message) {
        for (Precision precision : new Precision[] {FP8, Precision.BF16}) {
            String actual = assertThrows(
                            OttavaException.class,
                            () -> ModelFolder.load(folder, device, precision).close())
                    .getMessage();
            assertTrue(actual.contains(message), actual);
            assertEquals(1, actual.lines().count());
        }
    }

    private static float[] bf16(float[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = BFloat16.toFloat(BFloat16.fromFloat(values[i]));
        }
        return rounded;
    }

    private Map<String, float[]> values(LlamaModel of) {
        Map<String, float[]> values = new TreeMap<>();
        for (Parameter parameter : of.parameters()) {
            try (Tensor copy = device.empty(DType.F32, parameter.weight().shape())) {
                parameter.get(copy, 0);
                values.put(parameter.name(), copy.toFloats());
            }
        }
        return values;
    }
}
