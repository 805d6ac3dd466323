package dev.ottava.cli;

import dev.ottava.cli.MetricsFile.Evaluation;
import dev.ottava.cli.MetricsFile.Step;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.MemoryStatistics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * report.html: a run in one page that needs nothing else, no script and no network.
 *
 * @param title what was trained
 * @param remark one line below the title
 * @param options what was run
 * @param metrics what it reported
 * @param memory of the device
 */
record Report(String title, String remark, Map<String, String> options, MetricsFile metrics, MemoryStatistics memory) {

    /** Writes the page in one piece: a reader sees the old one or the new one. */
    void write(Path file) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.writeString(part, html());
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String html() {
        StringBuilder body = new StringBuilder();
        body.append("<header><h1>")
                .append(Html.escape(title))
                .append("</h1><p>")
                .append(Html.escape(remark))
                .append("</p></header>\n");
        body.append(Html.tiles(numbers()));
        if (!metrics.steps().isEmpty()) {
            body.append(Html.section("Loss", "<div class=\"wide\">" + loss() + "</div>"));
            body.append("<div class=\"pair\">\n");
            body.append(small("Learning rate", Step::learningRate, false));
            body.append(small("Gradient norm, before clipping", Step::gradNorm, true));
            body.append(small("Tokens per second", Step::tokensPerSecond, true));
            body.append(small("Peak memory, MiB", step -> step.peakBytes() / 1048576.0, false));
            body.append("</div>\n");
        }
        body.append(Html.section("Memory by purpose, at the peak", memoryTable()));
        body.append("<section class=\"options\">\n<h2>Options</h2>\n")
                .append(Html.table(options))
                .append("\n</section>\n");
        return Html.page(title, body.toString());
    }

    private Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        List<Step> steps = metrics.steps();
        if (!steps.isEmpty()) {
            Step last = steps.get(steps.size() - 1);
            numbers.put("steps", String.valueOf(last.step()));
            numbers.put("last loss", Format.fixed(last.loss(), 4));
            if (!metrics.evaluations().isEmpty()) {
                Evaluation evaluation =
                        metrics.evaluations().get(metrics.evaluations().size() - 1);
                numbers.put("evaluation loss", Format.fixed(evaluation.loss(), 4));
                numbers.put("perplexity", Format.plain(Math.exp(evaluation.loss())));
            }
            numbers.put("tokens", Format.count((double) last.tokens()));
            numbers.put("median tokens/s", Format.count(median(values(Step::tokensPerSecond))));
            hostTime(numbers, "graph", "host ms/step, graph");
            hostTime(numbers, "queued", "host ms/step, no graph");
        }
        numbers.put("peak memory", Format.bytes(memory.peakBytes()));
        return numbers;
    }

    /** Where the host goes ahead of the device, what a step takes of it; otherwise there is nothing to tell apart. */
    private void hostTime(Map<String, String> numbers, String issue, String title) {
        double[] milliseconds = metrics.steps().stream()
                .filter(step -> step.issue().equals(issue))
                .mapToDouble(Step::hostMilliseconds)
                .toArray();
        if (milliseconds.length > 0) {
            numbers.put(title, Format.plain(median(milliseconds)));
        }
    }

    private String loss() {
        double[] xs = values(Step::step);
        double[] ys = values(Step::loss);
        LineChart chart = new LineChart("loss", 1040, 380).line("raw", xs, ys).line("main", xs, smooth(ys));
        String key = "<p class=\"key\"><i style=\"background:var(--raw)\"></i>logged steps"
                + "<i style=\"background:var(--main)\"></i>smoothed";
        if (!metrics.evaluations().isEmpty()) {
            chart.dots(
                    "eval",
                    metrics.evaluations().stream().mapToDouble(Evaluation::step).toArray(),
                    metrics.evaluations().stream().mapToDouble(Evaluation::loss).toArray());
            key += "<i style=\"background:var(--eval)\"></i>evaluation";
        }
        return key + "</p>\n" + chart.svg();
    }

    private String small(String title, ToDoubleFunction<Step> value, boolean noisy) {
        double[] xs = values(Step::step);
        double[] ys = values(value);
        LineChart chart = new LineChart(title, 510, 200);
        if (noisy) {
            chart.line("raw", xs, ys);
        }
        return Html.section(
                title, chart.line("main", xs, noisy ? smooth(ys) : ys).svg());
    }

    private String memoryTable() {
        StringBuilder bar = new StringBuilder("<div class=\"bar\">");
        StringBuilder rows = new StringBuilder();
        for (MemoryPurpose purpose : MemoryPurpose.values()) {
            long bytes = memory.atPeak().getOrDefault(purpose, 0L);
            long own = memory.peakByPurpose().getOrDefault(purpose, 0L);
            double percent = memory.peakBytes() == 0 ? 0 : 100.0 * bytes / memory.peakBytes();
            String colour = "var(--" + Choices.word(purpose) + ")";
            bar.append(String.format(
                    Locale.ROOT,
                    "<div style=\"width:%.2f%%;background:%s\" title=\"%s %s\"></div>",
                    percent,
                    colour,
                    purpose.label(),
                    Format.bytes(bytes)));
            rows.append(String.format(
                    Locale.ROOT,
                    "<tr><td><i style=\"background:%s\"></i>%s</td><td class=\"number\">%s</td>"
                            + "<td class=\"number\">%.1f %%</td><td class=\"number\">%s</td></tr>%n",
                    colour,
                    purpose.label(),
                    Format.bytes(bytes),
                    percent,
                    Format.bytes(own)));
        }
        return bar
                + "</div>\n"
                + "<table><thead><tr><th>purpose</th><th class=\"number\">at the peak</th><th class=\"number\">of"
                + " it</th><th class=\"number\">its own peak</th></tr></thead>\n"
                + "<tbody>\n" + rows
                + "<tr><td>total</td><td class=\"number\">"
                + Format.bytes(memory.peakBytes())
                + "</td><td class=\"number\"></td><td class=\"number\"></td></tr>\n</tbody></table>";
    }

    private double[] values(ToDoubleFunction<Step> value) {
        return metrics.steps().stream().mapToDouble(value).toArray();
    }

    /** The mean of about a thirtieth of the run around each value; of less near the ends. */
    static double[] smooth(double[] ys) {
        double[] smooth = new double[ys.length];
        for (int i = 0; i < ys.length; i++) {
            int reach = Math.min(ys.length / 60, Math.min(i, ys.length - 1 - i));
            smooth[i] = Arrays.stream(ys, i - reach, i + reach + 1).average().orElseThrow();
        }
        return smooth;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
