package dev.ottava.cli;

import dev.ottava.conformance.AccumulatorReading;
import dev.ottava.conformance.Conformance;
import dev.ottava.conformance.Conformance.Verdict;
import dev.ottava.core.Device;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ottava conformance}. */
@Command(
        name = "conformance",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        header = "Checks that a device's primitives do what the simt device takes them to do.",
        footer = {
            "",
            "Each runs on random operands; its raw result has to equal what is worked out in Java, and on a GPU that of",
            "simt, bit for bit. Exit code 1 when one does not. The first thing to run on a new GPU.",
            "",
            "Examples:",
            "  ottava conformance --device cuda --output conformance.json",
            "  ottava conformance --device simt:sm_89"
        })
final class ConformanceCommand implements Callable<Integer> {
    @Option(
            names = "--device",
            paramLabel = "simt|cuda",
            defaultValue = "simt",
            description = "A device that runs CUDA kernels (default: ${DEFAULT-VALUE}).")
    private String device;

    @Option(names = "--output", paramLabel = "FILE", description = "Also write the results here, one JSON object.")
    private Path output;

    private final Terminal terminal;

    ConformanceCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        List<Map<String, Object>> lines = new ArrayList<>();
        Map<String, Object> report = new LinkedHashMap<>();
        try (Device opened = Device.open(device)) {
            int architecture = Conformance.architecture(opened);
            report.put("device", opened.name());
            report.put("processor", opened.property("processor"));
            report.put("architecture", opened.property("architecture"));
            terminal.out().printf("%-52s %-10s %s%n", "case", "result", "first difference");
            Failures.work(() -> {
                Conformance.run(opened, result -> {
                    Map<String, Object> line = new LinkedHashMap<>();
                    line.put("case", result.name());
                    line.put("kernel", result.kernel());
                    line.put("result", Choices.word(result.verdict()));
                    line.put("differences", result.differences());
                    line.put("detail", result.detail());
                    lines.add(line);
                    terminal.out().printf("%-52s %-10s %s%n", result.name(), line.get("result"), result.detail());
                });
                if (architecture == 90) {
                    AccumulatorReading reading = AccumulatorReading.on(opened);
                    report.put(
                            "fp8_wgmma",
                            Map.of(
                                    "bits", reading.bits(),
                                    "rounds", reading.rounds(),
                                    "together", reading.together(),
                                    "with_sum", reading.withSum()));
                    terminal.out().println("FP8 wgmma accumulates with " + reading);
                }
            });
        }
        report.put("cases", lines);
        long wrong = lines.stream()
                .filter(line -> !line.get("result").equals(Choices.word(Verdict.EQUAL)))
                .count();
        if (output != null) {
            try (PrintStream file = new PrintStream(Files.newOutputStream(output), false, StandardCharsets.UTF_8)) {
                Json.print(file, report);
            }
        }
        terminal.out().printf("%d cases, %d wrong%n", lines.size(), wrong);
        return wrong == 0 ? 0 : Failures.LATER;
    }
}
