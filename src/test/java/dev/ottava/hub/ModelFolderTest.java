package dev.ottava.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.BFloat16;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
    private static final Path UNTIED = Path.of("src/test/resources/goldens/llama-gqa");
    private static final Path TIED = Path.of("src/test/resources/goldens/llama-ragged");
    private static final String WEIGHTS = "model.safetensors";

    @TempDir
    Path folder;

    private Device device;

    @BeforeEach
    void open() {
        device = Device.open("cpu");
    }

    @AfterEach
    void close() {
        long left = device.memory().liveBytes();
        device.close();
        assertEquals(0, left, "bytes left on the device");
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "llama-ragged"})
    void whatIsLoadedIsSavedByteForByte(String golden) throws IOException {
        Path source = UNTIED.resolveSibling(golden);
        Path target = folder.resolve("new/model");
        try (LlamaModel model = ModelFolder.load(source, device, Precision.F32)) {
            ModelFolder.save(model, target, null);
        }
        assertEquals(
                SafetensorsBytes.tensors(source.resolve(WEIGHTS)), SafetensorsBytes.tensors(target.resolve(WEIGHTS)));
        assertEquals(ModelFolder.readConfig(source), ModelFolder.readConfig(target));
        assertEquals(List.of("config.json", "generation_config.json", WEIGHTS), names(target));
        assertEquals("float32", Json.read(target.resolve("config.json")).text("torch_dtype"));
        assertEquals(2, Json.read(target.resolve("generation_config.json")).integer("eos_token_id"));
    }

    @Test
    void castsWhenLoadingAndSavesItsOwnType() throws IOException {
        try (LlamaModel single = ModelFolder.load(TIED, device, Precision.F32);
                LlamaModel half = ModelFolder.load(TIED, device, Precision.BF16)) {
            for (int i = 0; i < single.parameters().size(); i++) {
                float[] expected = single.parameters().get(i).weight().toFloats();
                for (int j = 0; j < expected.length; j++) {
                    expected[j] = BFloat16.toFloat(BFloat16.fromFloat(expected[j]));
                }
                assertArrayEquals(expected, half.parameters().get(i).weight().toFloats());
            }
            ModelFolder.save(half, folder, null);
        }
        assertTrue(SafetensorsBytes.header(folder.resolve(WEIGHTS)).contains("BF16"));
        assertEquals("bfloat16", Json.read(folder.resolve("config.json")).text("torch_dtype"));
    }

    @Test
    void savingReplacesAModelAndKeepsWhatElseIsThere() throws IOException {
        Files.writeString(folder.resolve("metrics.jsonl"), "{}");
        Files.writeString(folder.resolve("config.json"), "old");
        Files.createDirectories(folder.resolve(".saving"));
        Files.writeString(folder.resolve(".saving/left.over"), "by a process that was killed");
        Path source = folder.resolve("tokenizer");
        ByteTokenizer.write(source);
        Files.writeString(source.resolve("generation_config.json"), "{\"eos_token_id\":[1,2]}");
        try (LlamaModel model = ModelFolder.load(TIED, device, Precision.F32);
                Tokenizer tokenizer = ModelFolder.tokenizer(source).orElseThrow()) {
            ModelFolder.save(model, folder, tokenizer);
            ModelFolder.save(model, folder, tokenizer);
        }
        assertEquals(ModelFolder.readConfig(TIED), ModelFolder.readConfig(folder));
        assertEquals("{\"eos_token_id\":[1,2]}", Files.readString(folder.resolve("generation_config.json")));
        assertEquals(
                List.of(
                        "config.json",
                        "generation_config.json",
                        "metrics.jsonl",
                        WEIGHTS,
                        "tokenizer",
                        "tokenizer.json",
                        "tokenizer_config.json"),
                names(folder));
    }

    @Test
    void savingThatFailsChangesNothing() throws IOException {
        Files.writeString(folder.resolve("config.json"), "old");
        Path absent = folder.resolve("absent/tokenizer_config.json");
        Tokenizer broken = new FilesOnly(List.of(UNTIED.resolve("config.json"), absent));
        try (LlamaModel model = ModelFolder.load(TIED, device, Precision.F32)) {
            OttavaException e = assertThrows(OttavaException.class, () -> ModelFolder.save(model, folder, broken));
            assertTrue(e.getMessage().startsWith(folder + " cannot be written: "), e.getMessage());
        }
        assertEquals(List.of("config.json"), names(folder));
        assertEquals("old", Files.readString(folder.resolve("config.json")));
    }

    @Test
    void readsShards() throws IOException {
        Map<String, String> fileOf = shard();
        try (LlamaModel expected = ModelFolder.load(UNTIED, device, Precision.F32);
                LlamaModel model = ModelFolder.load(folder, device, Precision.F32)) {
            for (int i = 0; i < expected.parameters().size(); i++) {
                Parameter parameter = expected.parameters().get(i);
                assertEquals(parameter.name(), model.parameters().get(i).name());
                assertArrayEquals(
                        parameter.weight().toFloats(),
                        model.parameters().get(i).weight().toFloats());
            }
        }

        writeIndex(without(fileOf, "model.norm.weight"));
        assertRefused(
                "model-2.safetensors: tensor 'model.norm.weight' is there, though model.safetensors.index.json does not say so");
        writeIndex(with(fileOf, "model.norm.weight", "model-1.safetensors"));
        assertRefused(
                "model-1.safetensors: tensor 'model.norm.weight' is missing, though model.safetensors.index.json says it is there");
        for (String name : List.of("../model-1.safetensors", "/model.safetensors", "model-1.bin", "")) {
            writeIndex(with(fileOf, "model.norm.weight", name));
            assertRefused("model.norm.weight is \"" + name
                    + "\": it must be the name of a .safetensors file of the same folder");
        }
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"model.norm.weight\":1}}");
        assertRefused("weight_map: model.norm.weight is 1: it must be a string");
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");
        assertRefused("weight_map is missing");
        writeIndex(fileOf);
        Files.delete(folder.resolve("model-2.safetensors"));
        assertRefused("there is no file " + folder.resolve("model-2.safetensors"));
    }

    @Test
    void acceptsARedundantHeadAndConstantsAndDoesNotWriteThemBack() throws IOException {
        try (Tensor constants = device.tensor(new float[] {1, 0.5f}, 2)) {
            rewrite(TIED, tensors -> {
                tensors.put("lm_head.weight", tensors.get("model.embed_tokens.weight"));
                tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", constants);
            });
        }
        Path target = folder.resolve("saved");
        try (LlamaModel model = ModelFolder.load(folder, device, Precision.F32)) {
            ModelFolder.save(model, target, null);
        }
        assertEquals(
                SafetensorsBytes.tensors(TIED.resolve(WEIGHTS)), SafetensorsBytes.tensors(target.resolve(WEIGHTS)));
    }

    @Test
    void refusesTensorsThatDoNotFitTheConfiguration() throws IOException {
        rewrite(UNTIED, tensors -> tensors.remove("model.layers.1.mlp.up_proj.weight"));
        assertRefused("tensor 'model.layers.1.mlp.up_proj.weight' is missing");
        rewrite(UNTIED, tensors -> tensors.remove("lm_head.weight"));
        assertRefused("tensor 'lm_head.weight' is missing (config.json does not say tie_word_embeddings)");
        rewrite(
                UNTIED,
                tensors -> tensors.put("model.layers.0.self_attn.q_proj.bias", tensors.get("model.norm.weight")));
        assertRefused(
                "tensor 'model.layers.0.self_attn.q_proj.bias' is not one of the model that config.json describes");
        rewrite(UNTIED, tensors -> tensors.put("model.norm.weight", tensors.get("lm_head.weight")));
        assertRefused("tensor 'model.norm.weight' has the shape [260, 64] instead of [64]");
        rewrite(TIED, tensors -> tensors.put("lm_head.weight", tensors.get("model.norm.weight")));
        assertRefused("tensor 'lm_head.weight' has the shape [80] instead of [270, 80]");
        try (Tensor ids = device.tensor(new int[64], 64)) {
            rewrite(UNTIED, tensors -> tensors.put("model.norm.weight", ids));
        }
        assertRefused("tensor 'model.norm.weight' is I32, which cannot be read as F32");
    }

    @Test
    void refusesAnAbsurdConfigurationBeforeItAllocates() throws IOException {
        rewrite(UNTIED, tensors -> {});
        String config = Files.readString(folder.resolve("config.json"));
        Files.writeString(
                folder.resolve("config.json"),
                config.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2147483647"));
        assertRefused("num_hidden_layers is 2147483647, but there are only 21 tensors");
        Files.writeString(
                folder.resolve("config.json"), config.replace("\"vocab_size\": 260", "\"vocab_size\": 2147483647"));
        assertRefused("instead of [2147483647, 64]");
        assertEquals(0, device.memory().liveBytes());
    }

    @Test
    void refusesFoldersThatHoldNoModel() throws IOException {
        Path absent = folder.resolve("absent");
        OttavaException e =
                assertThrows(InvalidArgumentException.class, () -> ModelFolder.load(absent, device, Precision.F32));
        assertEquals("there is no folder " + absent, e.getMessage());
        assertRefused("there is no file " + folder.resolve("config.json"));
        Files.copy(UNTIED.resolve("config.json"), folder.resolve("config.json"));
        assertRefused("has neither model.safetensors nor model.safetensors.index.json");
    }

    private void assertRefused(String message) {
        OttavaException e = assertThrows(OttavaException.class, () -> ModelFolder.load(folder, device, Precision.F32));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    /** A copy of a golden in the folder, its tensors changed. */
    private void rewrite(Path golden, Consumer<Map<String, Tensor>> change) throws IOException {
        Files.write(folder.resolve("config.json"), Files.readAllBytes(golden.resolve("config.json")));
        try (LlamaModel model = ModelFolder.load(golden, device, Precision.F32)) {
            Map<String, Tensor> tensors = tensors(model);
            change.accept(tensors);
            SafetensorsWriter.write(folder.resolve(WEIGHTS), tensors);
        }
    }

    /** Writes a golden as two shards, and returns which tensor is where. */
    private Map<String, String> shard() throws IOException {
        Files.copy(UNTIED.resolve("config.json"), folder.resolve("config.json"));
        Map<String, String> fileOf = new LinkedHashMap<>();
        try (LlamaModel model = ModelFolder.load(UNTIED, device, Precision.F32)) {
            Map<String, Map<String, Tensor>> shards = new TreeMap<>();
            tensors(model).forEach((name, tensor) -> {
                String file = name.contains(".0.") ? "model-1.safetensors" : "model-2.safetensors";
                shards.computeIfAbsent(file, key -> new TreeMap<>()).put(name, tensor);
                fileOf.put(name, file);
            });
            shards.forEach((file, tensors) -> SafetensorsWriter.write(folder.resolve(file), tensors));
        }
        writeIndex(fileOf);
        return fileOf;
    }

    private void writeIndex(Map<String, String> fileOf) throws IOException {
        Json.write(
                folder.resolve("model.safetensors.index.json"),
                Map.of("metadata", Map.of("total_size", 1), "weight_map", fileOf));
    }

    private static Map<String, Tensor> tensors(LlamaModel model) {
        Map<String, Tensor> tensors = new TreeMap<>();
        model.parameters().forEach(parameter -> tensors.put(parameter.name(), parameter.weight()));
        return tensors;
    }

    private static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
        Map<String, V> copy = new LinkedHashMap<>(map);
        copy.put(key, value);
        return copy;
    }

    private static <V> Map<String, V> without(Map<String, V> map, String key) {
        Map<String, V> copy = new LinkedHashMap<>(map);
        copy.remove(key);
        return copy;
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** A tokenizer of which only the files matter. */
    private record FilesOnly(List<Path> files) implements Tokenizer {
        @Override
        public int[] encode(String text, boolean addSpecialTokens) {
            throw new AssertionError();
        }

        @Override
        public String decode(int[] ids) {
            throw new AssertionError();
        }

        @Override
        public int vocabSize() {
            throw new AssertionError();
        }

        @Override
        public void close() {}
    }
}
