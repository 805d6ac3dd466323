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

/** Draws the held-out losses that {@code benchmarks/training/compare-coat} prints, a line for each run: {@code LossCurves LINES.jsonl PICTURE.svg}. */
final class LossCurves {
    private LossCurves() {}

    public static void main(String[] args) throws IOException {
        Map<String, List<double[]>> runs = new LinkedHashMap<>();
        List<String> trainings = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            JsonNode node = new ObjectMapper().readTree(line);
            if (!node.has("eval_loss")) {
                continue;
            }
            String training = node.get("training").asText();
            if (!trainings.contains(training)) {
                trainings.add(training);
            }
            runs.computeIfAbsent(trainings.indexOf(training) + " " + node.get("seed"), run -> new ArrayList<>())
                    .add(new double[] {
                        node.get("step").asDouble(), node.get("eval_loss").asDouble()
                    });
        }
        CurvePicture picture = new CurvePicture();
        runs.forEach((run, points) -> picture.line(
                run.charAt(0) - '0',
                points.stream().mapToDouble(point -> point[0]).toArray(),
                points.stream().mapToDouble(point -> point[1]).toArray()));
        picture.write(Path.of(args[1]), trainings);
    }
}
