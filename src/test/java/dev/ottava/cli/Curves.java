package dev.ottava.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Draws the held-out loss of the best run of each kind from what {@code benchmarks/training/fp8-weights} printed: {@code Curves FILE.jsonl OUT.svg}. */
final class Curves {
    private static final List<String> COLOURS = List.of("#1f5fd0", "#d9480f", "#2b8a3e", "#9c36b5");
    private static final int WIDTH = 720;
    private static final int HEIGHT = 360;

    private Curves() {}

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
        LineChart chart = new LineChart("held-out loss", WIDTH, HEIGHT);
        StringBuilder style = new StringBuilder("text{font:12px sans-serif;fill:#444}path{fill:none;stroke-width:2}"
                + ".grid{stroke:#ddd}.axis{stroke:#444}");
        StringBuilder key = new StringBuilder();
        int i = 0;
        for (Map.Entry<String, JsonNode> entry : best.entrySet()) {
            JsonNode curve = entry.getValue().get("curve");
            double[] xs = new double[curve.size() + 1];
            double[] ys = new double[xs.length];
            ys[0] = start.get(1).asDouble();
            for (int j = 1; j < xs.length; j++) {
                xs[j] = curve.get(j - 1).get(0).asDouble();
                ys[j] = curve.get(j - 1).get(1).asDouble();
            }
            chart.line("c" + i, xs, ys);
            style.append(".c")
                    .append(i)
                    .append("{stroke:")
                    .append(COLOURS.get(i))
                    .append('}');
            key.append("<text x=\"%d\" y=\"%d\" style=\"fill:%s\">%s, learning rate %s: %s</text>%n"
                    .formatted(
                            WIDTH - 330,
                            40 + 18 * i,
                            COLOURS.get(i),
                            entry.getKey(),
                            Format.plain(entry.getValue().get("learning_rate").asDouble()),
                            Format.fixed(loss(entry.getValue()), 3)));
            i++;
        }
        String svg = chart.svg()
                .replace("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" style=\"background:#fff\" ")
                .replaceFirst(">", "><style>" + style + "</style>")
                .replace("</svg>", key + "</svg>");
        Files.writeString(Path.of(args[1]), svg);
    }

    private static double loss(JsonNode run) {
        return run.get("held_out_loss").asDouble();
    }
}
