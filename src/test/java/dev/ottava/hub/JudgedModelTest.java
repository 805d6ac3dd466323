package dev.ottava.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JudgedModelTest {
    private static final Path GOLDEN = Path.of("src/test/resources/goldens/llama-gqa");

    @TempDir
    Path folder;

    @Test
    void logitsOfTheGoldenModel() throws IOException {
        ObjectMapper json = new ObjectMapper();
        JsonNode row = json.readTree(
                        Files.readAllLines(GOLDEN.resolve("train.jsonl")).get(0))
                .get("input_ids");
        JsonNode expected =
                json.readTree(GOLDEN.resolve("expected.json").toFile()).get("logits_first_sequence");
        Path ids = folder.resolve("ids.json");
        Files.writeString(ids, "[" + row + "," + row + "]");

        JudgedModel.main(new String[] {GOLDEN.toString(), ids.toString(), "f32", "cpu", folder.toString()});

        try (Device device = Device.open("cpu");
                SafetensorsFile file = SafetensorsFile.open(folder.resolve(JudgedModel.LOGITS));
                Tensor logits = device.empty(DType.F32, file.shape("logits"))) {
            file.read("logits", logits);
            assertEquals(2 * row.size(), logits.size(0));
            int vocabulary = (int) logits.size(1);
            float[] values = logits.toFloats();
            expected.properties().forEach(position -> {
                for (int second = 0; second < 2; second++) {
                    int first = (second * row.size() + Integer.parseInt(position.getKey())) * vocabulary;
                    for (int i = 0; i < position.getValue().size(); i++) {
                        assertEquals(position.getValue().get(i).asDouble(), values[first + i], 5e-5);
                    }
                }
            });
        }
        assertEquals(
                ModelFolder.readConfig(GOLDEN),
                ModelFolder.readConfig(folder),
                "the model was saved beside its logits");
    }
}
