package dev.ottava.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Draws the share of right answers over the part of the blocks that was kept, a curve for each length, from what {@link RetrievalAccuracy} printed: dense
 * attention, and calibrated thresholds with every query estimated, every 2nd, 4th and 8th. {@code RetrievalPicture LINES.jsonl PICTURE.svg}.
 */
final class RetrievalPicture {
    private RetrievalPicture() {}

    public static void main(String[] args) throws IOException {
        Map<Integer, List<double[]>> curves = new TreeMap<>();
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            JsonNode run = new ObjectMapper().readTree(line);
            boolean dense = run.path("attention").asText().equals("dense");
            if (dense || run.has("taus")) {
                double kept = dense ? 1 : run.get("kept").asDouble();
                double right =
                        100 * run.get("right").asDouble() / run.get("questions").asDouble();
                curves.computeIfAbsent(run.get("length").asInt(), length -> new ArrayList<>())
                        .add(new double[] {kept, right});
            }
        }
        CurvePicture picture = new CurvePicture("right answers, percent", "kept of causal blocks");
        List<String> labels = new ArrayList<>();
        curves.forEach((length, points) -> {
            points.sort(Comparator.comparingDouble(point -> point[0]));
            double[] xs = points.stream().mapToDouble(point -> point[0]).toArray();
            double[] ys = points.stream().mapToDouble(point -> point[1]).toArray();
            picture.line(labels.size(), xs, ys);
            picture.dots(labels.size(), xs, ys);
            labels.add(length + " tokens");
        });
        picture.write(Path.of(args[1]), labels);
    }
}
