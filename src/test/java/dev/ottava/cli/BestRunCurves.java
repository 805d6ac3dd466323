package dev.ottava.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Draws the held-out loss of the best run of each kind from what {@code benchmarks/training/fp8-weights} printed: {@code BestRunCurves FILE.jsonl OUT.svg}. */
final class BestRunCurves {
    private BestRunCurves() {}

    public static void main(String[] args) throws IOException {
        Map<String, JsonNode> best = new LinkedHashMap<>();
        JsonNode start = null;
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            JsonNode run = new ObjectMapper().readTree(line);
            String name = run.get("weights").asText();
            if (name.equals("start")) {
                start = run.get("curve").get(0);
            } else if (run.get("held_out_loss").isNumber()) {
                best.merge(name, run, (a, b) -> loss(a) <= loss(b) ? a : b);
            }
        }
        CurvePicture picture = new CurvePicture();
        List<String> labels = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : best.entrySet()) {
            JsonNode curve = entry.getValue().get("curve");
            double[] xs = new double[curve.size() + 1];
            double[] ys = new double[xs.length];
            ys[0] = start.get(1).asDouble();
            for (int j = 1; j < xs.length; j++) {
                xs[j] = curve.get(j - 1).get(0).asDouble();
                ys[j] = curve.get(j - 1).get(1).asDouble();
            }
            picture.line(labels.size(), xs, ys);
            labels.add("%s, learning rate %s: %s"
                    .formatted(
                            entry.getKey(),
                            Format.plain(entry.getValue().get("learning_rate").asDouble()),
                            Format.fixed(loss(entry.getValue()), 3)));
        }
        picture.write(Path.of(args[1]), labels);
    }

    private static double loss(JsonNode run) {
        return run.get("held_out_loss").asDouble();
    }
}
