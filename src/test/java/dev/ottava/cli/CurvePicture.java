package dev.ottava.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A {@link LineChart} as an SVG file of its own: with colours and a key, which a report has in its page. */
final class CurvePicture {
    private static final String[] COLOURS = {"#1f5fd0", "#d9480f", "#2b8a3e", "#9c36b5", "#0b7285", "#5c5f66"};

    private final LineChart chart;
    private final String xName;

    CurvePicture() {
        this("held-out loss", "step");
    }

    CurvePicture(String yName, String xName) {
        chart = new LineChart(yName, 1040, 420);
        this.xName = xName;
    }

    /** Adds a curve of the kind whose label comes at this place of the key. */
    void line(int kind, double[] xs, double[] ys) {
        chart.line("c" + kind, xs, ys);
    }

    /** Adds dots to it, points that were measured. */
    void dots(int kind, double[] xs, double[] ys) {
        chart.dots("d" + kind, xs, ys);
    }

    void write(Path file, List<String> labels) throws IOException {
        StringBuilder style = new StringBuilder("<style>text{font:13px sans-serif;fill:#444}.grid{stroke:#ddd}"
                + ".axis{stroke:#888}path{fill:none;stroke-width:1.5}");
        StringBuilder key = new StringBuilder();
        for (int i = 0; i < labels.size(); i++) {
            style.append(".c%1$d{stroke:%2$s}.d%1$d{fill:%2$s}".formatted(i, COLOURS[i]));
            key.append("<text x=\"1020\" y=\"%d\" text-anchor=\"end\" style=\"fill:%s\">%s</text>%n"
                    .formatted(32 + 20 * i, COLOURS[i], Html.escape(labels.get(i))));
        }
        String svg = chart.svg()
                .replaceFirst("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ")
                .replace(">step</text>", ">" + xName + "</text>")
                .replaceAll("<title>step [^:]*: ", "<title>")
                .replaceFirst(">", ">" + style + "</style><rect width=\"100%\" height=\"100%\" fill=\"white\"/>")
                .replace("</svg>", key + "</svg>");
        Files.writeString(file, svg);
    }
}
