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
    private static final String[] COLOURS = {"#2a6fbb", "#d1603d", "#4a9c5d", "#8a5fb0"};

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
        LineChart chart = new LineChart("held-out loss", 1040, 420);
        runs.forEach((run, points) -> {
            double[] xs = points.stream().mapToDouble(point -> point[0]).toArray();
            double[] ys = points.stream().mapToDouble(point -> point[1]).toArray();
            chart.line("t" + run.charAt(0), xs, ys);
        });
        StringBuilder style = new StringBuilder("<style>text{font:13px sans-serif;fill:#444}.grid{stroke:#ddd}"
                + ".axis{stroke:#888}path{fill:none;stroke-width:1.5}");
        StringBuilder legend = new StringBuilder();
        for (int i = 0; i < trainings.size(); i++) {
            style.append(".t%d{stroke:%s}".formatted(i, COLOURS[i]));
            legend.append("<text x=\"1020\" y=\"%d\" text-anchor=\"end\" style=\"fill:%s\">%s</text>%n"
                    .formatted(32 + 20 * i, COLOURS[i], Html.escape(trainings.get(i))));
        }
        String svg = chart.svg()
                .replaceFirst("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ")
                .replaceFirst(">", ">" + style + "</style><rect width=\"100%\" height=\"100%\" fill=\"white\"/>")
                .replace("</svg>", legend + "</svg>");
        Files.writeString(Path.of(args[1]), svg);
    }
}
