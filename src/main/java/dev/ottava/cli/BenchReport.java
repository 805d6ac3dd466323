package dev.ottava.cli;

import dev.ottava.bench.Result;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Results of one run as a page that needs nothing else, no script and no network. */
record BenchReport(List<Result> results) {
    private static final String CEILING = "ceiling";

    /** Writes the page in one piece. */
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
        Map<String, String> environment = environment();
        String title = "Benchmarks on " + environment.getOrDefault("device", "") + ": "
                + environment.getOrDefault("processor", "unknown");
        StringBuilder body = new StringBuilder("<header><h1>" + Html.escape(title) + "</h1><p>"
                + Html.escape(environment.getOrDefault("date", "") + ", commit "
                        + environment.getOrDefault("commit", "unknown"))
                + "</p></header>\n");
        roofline(body);
        ratios(body);
        limits(body);
        body.append(Html.section("Figures", "<div class=\"wide\">" + table() + "</div>"));
        body.append("<section class=\"options\">\n<h2>Where and from what</h2>\n")
                .append(Html.table(environment))
                .append("\n</section>\n");
        return Html.page(title, body.toString());
    }

    private void roofline(StringBuilder body) {
        double copy = results.stream()
                .mapToDouble(result -> result.ceilings().bytesPerSecond())
                .max()
                .orElse(0);
        if (copy == 0) {
            return;
        }
        Roofline plot = new Roofline(copy);
        Map<String, Double> levels = new TreeMap<>();
        for (Result result : measured()) {
            double level = result.ceilings().operationsPerSecond(result.dtype());
            if (level > 0) {
                levels.put(result.dtype(), level);
            }
            if (result.work().bytes() > 0 && result.work().operations() > 0) {
                plot.point(
                        colour(result.suite()),
                        !result.dtype().equals("F32"),
                        result.work().bytes(),
                        result.work().operations(),
                        result.seconds(),
                        label(result) + ": " + BenchTable.rate(result) + ", "
                                + BenchTable.percent(result.fractionOfLimit()) + " of the limit");
            }
        }
        levels.forEach((dtype, level) -> plot.level(dtype, level));
        if (!plot.isEmpty()) {
            body.append(Html.section(
                    "Roofline",
                    key(
                                    " ● F32, ■ narrower. What lies on the slope is as fast as a copy, on the level of its dtype as fast as the best"
                                            + " matrix product; training, whose bytes are not counted, is not here.")
                            + "<div class=\"wide\">" + plot.svg() + "</div>"));
        }
    }

    private void ratios(StringBuilder body) {
        Map<String, RatioBars> charts = new LinkedHashMap<>();
        for (Result result : measured()) {
            for (Result.Peer peer : result.peers()) {
                double uncertainty =
                        result.samples().uncertainty() + peer.samples().uncertainty();
                charts.computeIfAbsent(peer.name(), name -> new RatioBars("as fast as " + name))
                        .bar(colour(result.suite()), label(result), result.ratioTo(peer), whisker(uncertainty));
            }
        }
        charts.forEach((peer, chart) ->
                body.append(Html.section("Beside the peer: " + peer, "<div class=\"wide\">" + chart.svg() + "</div>")));
    }

    private void limits(StringBuilder body) {
        RatioBars chart = new RatioBars("the limit");
        int bars = 0;
        for (Result result : measured()) {
            if (!Double.isNaN(result.fractionOfLimit())) {
                double uncertainty = whisker(result.samples().uncertainty());
                chart.bar(colour(result.suite()), label(result), result.fractionOfLimit(), uncertainty);
                bars++;
            }
        }
        if (bars > 0) {
            body.append(Html.section(
                    "Fraction of the limit",
                    "<p class=\"key\">The longer of two times, measured on this device in this run: of a copy of as many"
                            + " bytes, and of the best matrix product of as many operations. Whiskers: 95 % interval of"
                            + " the median.</p><div class=\"wide\">" + chart.svg() + "</div>"));
        }
    }

    /** With fewer than 6 runs the interval is not known. */
    private static double whisker(double uncertainty) {
        return Double.isFinite(uncertainty) ? Math.min(uncertainty, 0.5) : 0;
    }

    private String key(String remark) {
        StringBuilder key = new StringBuilder("<p class=\"key\">");
        measured().stream()
                .filter(result -> result.work().bytes() > 0)
                .map(Result::suite)
                .distinct()
                .forEach(suite -> key.append("<i class=\"")
                        .append(colour(suite))
                        .append("\"></i>")
                        .append(Html.escape(suite)));
        return key.append("</p><p class=\"key\">")
                .append(remark)
                .append("</p>\n")
                .toString();
    }

    private List<Result> measured() {
        return results.stream()
                .filter(result -> !result.suite().equals(CEILING))
                .toList();
    }

    private List<String> suites() {
        return measured().stream().map(Result::suite).distinct().toList();
    }

    private String colour(String suite) {
        return "s" + suites().indexOf(suite) % 10;
    }

    private static String label(Result result) {
        return result.name() + ", " + result.shape() + ", " + result.dtype();
    }

    private String table() {
        StringBuilder table = new StringBuilder("<table style=\"white-space: nowrap\"><thead><tr>");
        for (String name : List.of("case", "shape", "dtype")) {
            table.append("<th>").append(name).append("</th>");
        }
        for (String name : List.of("median", "spread", "runs", "rate", "of limit", "peer", "ratio")) {
            table.append("<th class=\"number\">").append(name).append("</th>");
        }
        boolean kernels = results.stream().map(BenchReport::kernel).distinct().count() > 1;
        table.append(kernels ? "<th>kernel</th>" : "");
        table.append("</tr></thead>\n<tbody>\n");
        for (Result result : results) {
            table.append("<tr><td>").append(Html.escape(result.name())).append("</td><td>");
            table.append(Html.escape(result.shape())).append("</td><td>").append(result.dtype());
            for (String value : List.of(
                    Format.unit(result.seconds(), "s"),
                    BenchTable.percent(result.samples().spread()),
                    String.valueOf(result.samples().runs()),
                    BenchTable.rate(result),
                    BenchTable.percent(result.fractionOfLimit()),
                    lines(result, Result.Peer::name),
                    lines(result, peer -> Format.fixed(result.ratioTo(peer), 2)))) {
                table.append("</td><td class=\"number\">")
                        .append(Html.escape(value).replace("\n", "<br>"));
            }
            table.append(kernels ? "</td><td>" + Html.escape(kernel(result)) : "")
                    .append("</td></tr>\n");
        }
        return table.append("</tbody></table>").toString();
    }

    private static String kernel(Result result) {
        return result.details().getOrDefault("kernel", "").toString();
    }

    private static String lines(Result result, Function<Result.Peer, String> text) {
        return result.peers().stream().map(text).collect(Collectors.joining("\n"));
    }

    /** What is the same for all results, and from where to where what is not. */
    private Map<String, String> environment() {
        Map<String, List<Object>> values = new LinkedHashMap<>();
        for (Result result : results) {
            result.environment()
                    .forEach((name, value) -> values.computeIfAbsent(name, any -> new ArrayList<>())
                            .add(value));
        }
        Map<String, String> environment = new LinkedHashMap<>();
        values.forEach((name, each) -> environment.put(name, range(each)));
        return environment;
    }

    private static String range(List<Object> values) {
        if (values.stream().distinct().count() == 1) {
            return values.get(0).toString();
        }
        if (values.stream().allMatch(Number.class::isInstance)) {
            double[] sorted = values.stream()
                    .mapToDouble(value -> ((Number) value).doubleValue())
                    .sorted()
                    .toArray();
            return Format.plain(sorted[0]) + " to " + Format.plain(sorted[sorted.length - 1]);
        }
        return values.get(0) + " to " + values.get(values.size() - 1);
    }
}
