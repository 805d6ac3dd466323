package dev.ottava.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ottava.bench.ResultFile;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The performance table of README.md, from the raw files {@code benchmarks/<device>/<date>-<what>.jsonl}. A cell is from the newest file that has
 * its case, and of several shapes from the last.
 */
final class PerformanceTable {
    private static final String BEGIN = "<!-- performance: written by `bin/ottava bench --table README.md` -->";
    private static final String END = "<!-- end of performance -->";
    private static final String LIBTORCH = "lomo step beside libtorch";

    private record Row(String label, String name, String dtype) {}

    private record Figure(String name, String dtype, String text) {}

    private static final Map<String, String> DEVICES = new LinkedHashMap<>();

    static {
        DEVICES.put("cpu", "cpu");
        DEVICES.put("h100", "H100");
        DEVICES.put("h200", "H200");
    }

    private static final List<Row> ROWS = List.of(
            new Row("matrix product, F32", "square", "F32"),
            new Row("matrix product, BF16", "square", "BF16"),
            new Row("matrix product, FP8 in blocks", "square blocks", "E4M3"),
            new Row("matrix product, FP8 per tensor", "square tensor", "E4M3"),
            new Row("linear layer in FP8, input quantised", "linear and quantize blocks", "E4M3"),
            new Row("quantise, codes and transposed codes", "quantize blocks", "BF16"),
            new Row("RMSNorm and quantise", "rms_norm quantize blocks", "BF16"),
            new Row("SwiGLU and quantise", "swiglu quantize blocks", "BF16"),
            new Row("RMSNorm forward", "rms_norm forward", "BF16"),
            new Row("RMSNorm backward", "rms_norm backward", "BF16"),
            new Row("SwiGLU forward", "swiglu forward", "BF16"),
            new Row("SwiGLU backward", "swiglu backward", "BF16"),
            new Row("residual add with its FP8 twin", "add quantize groups", "BF16"),
            new Row("RMSNorm from FP8 into FP8", "rms_norm of saved, forward", "BF16"),
            new Row("RMSNorm backward from FP8", "rms_norm of saved, backward", "BF16"),
            new Row("SwiGLU from FP8 into FP8", "swiglu of saved, forward", "BF16"),
            new Row("SwiGLU backward from FP8 into FP8", "swiglu of saved, backward", "BF16"),
            new Row("cross-entropy and its gradient", "cross_entropy", "BF16"),
            new Row("attention forward", "attention forward", "BF16"),
            new Row("attention backward", "attention backward", "BF16"),
            new Row("quantise and select in 4 bits, one query of 4", "sale quantize and select", "BF16"),
            new Row("attention over 15 % of the blocks", "sparse attention, 15 %", "BF16"),
            new Row("prefill that estimates and keeps 15 %", "sale prefill, 15 %", "BF16"),
            new Row("prefill that estimates and keeps 12 %", "sale prefill, 12 %", "BF16"),
            new Row("LOMO update", "lomo", "BF16"),
            new Row("AdaLomo update", "adalomo", "BF16"),
            new Row("AdamW update", "adamw", "BF16"),
            new Row("AdamW update, moments in FP8", "adamw, FP8 states", "BF16"),
            new Row("weight gradient and LOMO in one, BF16", "dW and lomo fused", "BF16"),
            new Row("weight gradient and LOMO in one, FP8", "dW and lomo fused", "E4M3"),
            new Row("decoder block, forward and backward", "block forward and backward", "BF16"),
            new Row("training step with LOMO, BF16", "lomo step", "BF16"),
            new Row("training step with LOMO, FP8", "lomo step", "E4M3"),
            new Row("training step with AdamW, FP8 beside BF16 (COAT)", "coat step", "E4M3"),
            new Row("training step, F32, beside libtorch", LIBTORCH, "F32"),
            new Row("training step, BF16, beside libtorch", LIBTORCH, "BF16"));

    private PerformanceTable() {}

    /** Writes the table between the markers of a README, from the folder {@code benchmarks} beside it. */
    static void renew(Path readme) {
        try {
            String text = Files.readString(readme);
            Path part = readme.resolveSibling(readme.getFileName() + ".part");
            Files.writeString(part, renewed(readme, text));
            Files.move(part, readme, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The text of a README with the table as the files have it. */
    static String renewed(Path readme, String text) {
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new InvalidArgumentException(
                    readme + ": no place for the table; it goes between the lines '" + BEGIN + "' and '" + END + "'");
        }
        return text.substring(0, begin + BEGIN.length()) + "\n\n"
                + markdown(readme.toAbsolutePath().resolveSibling("benchmarks")) + "\n" + text.substring(end);
    }

    /** The table from the files of a folder. */
    static String markdown(Path folder) {
        StringBuilder table = new StringBuilder("| |");
        DEVICES.values().forEach(device -> table.append(' ').append(device).append(" |"));
        table.append("\n| --- |").append(" --- |".repeat(DEVICES.size())).append('\n');
        Map<String, Map<Path, List<Figure>>> figures = new LinkedHashMap<>();
        DEVICES.keySet().forEach(device -> figures.put(device, figures(folder.resolve(device))));
        for (Row row : ROWS) {
            table.append("| ").append(row.label()).append(" |");
            figures.values()
                    .forEach(files -> table.append(' ').append(cell(row, files)).append(" |"));
            table.append('\n');
        }
        return table.toString();
    }

    private static String cell(Row row, Map<Path, List<Figure>> files) {
        for (Map.Entry<Path, List<Figure>> file : files.entrySet()) {
            Optional<Figure> last = file.getValue().stream()
                    .filter(figure ->
                            figure.name().equals(row.name()) && figure.dtype().equals(row.dtype()))
                    .reduce((first, second) -> second);
            if (last.isPresent()) {
                Path path = file.getKey();
                return "[" + last.get().text() + "](benchmarks/"
                        + path.getParent().getFileName() + "/" + path.getFileName() + ")";
            }
        }
        return "not measured yet";
    }

    /** By file, the newest first. */
    private static Map<Path, List<Figure>> figures(Path folder) {
        Map<Path, List<Figure>> figures = new LinkedHashMap<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> file.toString().endsWith(".jsonl"))
                        .sorted(Comparator.reverseOrder())
                        .forEach(file -> figures.put(file, figuresOf(ResultFile.lines(file))));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return figures;
    }

    private static List<Figure> figuresOf(List<JsonNode> lines) {
        List<Figure> figures = new ArrayList<>();
        for (JsonNode line : lines) {
            if (line.has("f32_of_openblas")) { // as versions before 2026-12 wrote it
                figures.add(new Figure("square", "F32", times(line, "f32_of_openblas", "OpenBLAS SGEMM")));
                figures.add(new Figure("square", "BF16", times(line, "bf16_of_openblas", "OpenBLAS SGEMM")));
            } else if (line.has("name") && !line.path("suite").asText().equals("ceiling")) {
                figures.add(new Figure(
                        line.path("name").asText(), line.path("dtype").asText(), text(line)));
            }
        }
        besideLibtorch(lines, figures);
        return figures;
    }

    /** What says most: a peer that does the same, tokens of training, or else the fraction of the limit. */
    private static String text(JsonNode line) {
        if (line.has("memory_ratio_to_peer")) {
            return times(line, "ratio_to_peer", line.path("peer").asText()) + ", memory 1 / "
                    + Format.fixed(line.path("memory_ratio_to_peer").asDouble(), 2);
        }
        if (line.path("name").asText().equals("sale quantize and select")) {
            return BenchTable.percent(line.path("percent_of_peer").asDouble() / 100) + " of its time";
        }
        if (line.path("name").asText().endsWith("step")) {
            return Format.count(line.path("tokens_per_second").asDouble()) + " tokens/s";
        }
        String peer = line.path("peer").asText("copy");
        return peer.equals("copy")
                ? BenchTable.percent(line.path("fraction_of_limit").asDouble()) + " of the limit"
                : times(line, "ratio_to_peer", peer);
    }

    private static String times(JsonNode line, String field, String peer) {
        return Format.fixed(line.path(field).asDouble(), 2) + " × " + peer;
    }

    /** Lines of {@code benchmarks/peers/libtorch/compare}: {@code run} says whose they are. */
    private static void besideLibtorch(List<JsonNode> lines, List<Figure> figures) {
        lines.stream()
                .filter(line -> line.path("run").asText().equals("libtorch"))
                .map(line ->
                        List.of(line.path("shape").asText(), line.path("dtype").asText()))
                .distinct()
                .forEach(one -> figures.add(new Figure(
                        LIBTORCH,
                        one.get(1),
                        Format.fixed(tokens(lines, "ottava", one) / tokens(lines, "libtorch", one), 2)
                                + " × libtorch")));
    }

    private static double tokens(List<JsonNode> lines, String run, List<String> one) {
        double[] sorted = lines.stream()
                .filter(line -> line.path("run").asText().equals(run)
                        && line.path("shape").asText().equals(one.get(0))
                        && line.path("dtype").asText().equals(one.get(1)))
                .mapToDouble(line -> line.path("tokens_per_second").asDouble())
                .sorted()
                .toArray();
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
