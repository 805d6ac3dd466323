package dev.ottava.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.WeightFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * What {@code bundle/judge.py} compares with transformers: {@code JudgedModel MODEL IDS.json f32|bf16|fp8 DEVICE SAVED} loads a model with its
 * weights in that format, saves it to the folder SAVED, and writes the logits of the rows of ids, all of one length, to
 * {@code ottava-logits.safetensors} in it.
 */
final class JudgedModel {
    static final String LOGITS = "ottava-logits.safetensors";

    private JudgedModel() {}

    public static void main(String[] args) throws IOException {
        int[][] rows = new ObjectMapper().readValue(Path.of(args[1]).toFile(), int[][].class);
        Precision precision = switch (args[2]) {
            case "f32" -> Precision.F32;
            case "bf16" -> Precision.BF16;
            case "fp8" -> Precision.BF16.with(WeightFormat.FP8);
            default -> throw new IllegalArgumentException(args[2] + ": f32, bf16 or fp8");
        };
        Path saved = Path.of(args[4]);
        int[] ids = Arrays.stream(rows).flatMapToInt(Arrays::stream).toArray();
        try (Device device = Device.open(args[3]);
                LlamaModel model = ModelFolder.load(Path.of(args[0]), device, precision);
                Tensor idTensor = device.tensor(ids, ids.length);
                Tensor logits = model.logits(idTensor, rows.length)) {
            ModelFolder.save(model, saved, null);
            SafetensorsWriter.write(saved.resolve(LOGITS), Map.of("logits", logits));
        }
    }
}
