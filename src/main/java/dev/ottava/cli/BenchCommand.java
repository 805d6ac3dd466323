package dev.ottava.cli;

import dev.ottava.bench.Case;
import dev.ottava.bench.Ceilings;
import dev.ottava.bench.Clock;
import dev.ottava.bench.Comparison;
import dev.ottava.bench.Harness.Plan;
import dev.ottava.bench.Peers;
import dev.ottava.bench.Result;
import dev.ottava.bench.ResultFile;
import dev.ottava.bench.Runner;
import dev.ottava.bench.suite.CeilingSuite;
import dev.ottava.bench.suite.GemmShapes;
import dev.ottava.bench.suite.Scale;
import dev.ottava.bench.suite.Suites;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ottava bench}. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        header = "Measures kernels and training steps.",
        footer = {
            "",
            "Each case runs on empty caches in turns with its peer; figures are medians, the spread is half the",
            "distance between the quartiles. The limit is the time of a copy of as many bytes, or of the best matrix",
            "product of as many operations, measured before on the same device. Let nothing else run beside it.",
            "benchmarks/README.md explains more.",
            "",
            "Examples:",
            "  ottava bench --output today.jsonl --html today.html",
            "  ottava bench gemm --sizes 512,1024",
            "  ottava bench --compare before.jsonl after.jsonl"
        })
final class BenchCommand implements Callable<Integer> {
    private static final String CEILING = "ceiling";

    @Parameters(
            arity = "0..*",
            paramLabel = "SUITE",
            description =
                    "gemm, quantize, norm, activation, loss, attention, sparse-attention, optimizer, fused (kernels);"
                            + " block, step (training); default: all of them.")
    private List<String> suites = new ArrayList<>();

    @Mixin
    private final DeviceArguments device = new DeviceArguments();

    @Option(names = "--sizes", paramLabel = "N", split = ",", description = "gemm: m = n = k of the square products.")
    private List<Integer> sizes;

    @Option(
            names = "--shapes",
            paramLabel = "FILE",
            description = "gemm: the products of FP8 in this file, as in benchmarks/shapes.json, instead.")
    private Path shapes;

    @Option(
            names = "--turns",
            paramLabel = "N",
            description =
                    "Exactly so many turns of each case; without it at least 10, and more until the median is known"
                            + " within 1 %%, 5 seconds are measured, or there were 30.")
    private Integer turns;

    @Option(names = "--json", description = "Print one JSON object a line instead of a table.")
    private boolean json;

    @Option(names = "--output", paramLabel = "FILE", description = "Write the JSON lines to a new file as well.")
    private Path output;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a report with plots.")
    private Path html;

    @Option(names = "--from", paramLabel = "FILE", description = "Measure nothing: take the results of --output.")
    private Path from;

    @Option(
            names = "--compare",
            arity = "2",
            paramLabel = "FILE",
            description = "Measure nothing: say what changed from the first file to the second, beyond noise.")
    private List<Path> compare;

    @Option(
            names = "--table",
            paramLabel = "FILE",
            description = "Measure nothing: renew the performance table of this README.md from benchmarks/ beside it.")
    private Path table;

    @Spec
    private CommandSpec spec;

    private final Terminal terminal;

    BenchCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (table != null) {
            PerformanceTable.renew(table);
        } else if (compare != null) {
            BenchTable.print(
                    terminal.out(), Comparison.of(ResultFile.read(compare.get(0)), ResultFile.read(compare.get(1))));
        } else {
            List<Result> results = from != null ? printed(ResultFile.read(from)) : measured();
            if (html != null) {
                new BenchReport(results).write(html);
            }
        }
        return 0;
    }

    private List<Result> printed(List<Result> results) {
        try (BenchOutput out = new BenchOutput(terminal, json, null)) {
            results.forEach(out::result);
        }
        return results;
    }

    private List<Result> measured() {
        if (turns != null && turns < 1) {
            throw new InvalidArgumentException("--turns " + turns + ": a whole number from 1");
        }
        suites.forEach(Suites::named); // refuses what there is not, before a device is opened
        Peers.start();
        String name = deviceName();
        Map<String, List<Case>> chosen = chosen(scale(name));
        try (BenchOutput out = new BenchOutput(terminal, json, output)) {
            try (Device opened = Device.open(name)) {
                Peers.missing(opened).ifPresent(out::remark);
            }
            Runner runner = new Runner(() -> Device.open(name), Clock::of, plan(name), command());
            List<Result> results = new ArrayList<>();
            Ceilings ceilings = Ceilings.NONE;
            for (Map.Entry<String, List<Case>> suite : chosen.entrySet()) {
                for (Case one : suite.getValue()) {
                    Result result = runner.run(suite.getKey(), one, ceilings);
                    out.result(result);
                    results.add(result);
                }
                if (suite.getKey().equals(CEILING)) {
                    ceilings = Ceilings.of(results);
                }
            }
            return results;
        }
    }

    /** Which device {@code auto} is, and whether the one that is asked for can be opened, before any work. */
    private String deviceName() {
        try (Device opened = device.open(terminal.err())) {
            if (opened.name().startsWith("simt")) {
                throw new InvalidArgumentException(
                        "bench --device simt: an interpreter's times say nothing about a GPU's; measure cpu or cuda");
            }
            terminal.err()
                    .printf(
                            "%s (%s), Ottava %s%n",
                            opened.property("processor"), DeviceArguments.describe(opened), Version.text());
            return opened.name();
        }
    }

    /** The ceilings come first, because what follows is set against them. */
    private Map<String, List<Case>> chosen(Scale scale) {
        if (shapes != null && !suites.isEmpty() && !suites.contains("gemm")) {
            throw new InvalidArgumentException("--shapes is for the suite gemm: bench gemm --shapes " + shapes);
        }
        Map<String, List<Case>> chosen = new LinkedHashMap<>();
        chosen.put(CEILING, new CeilingSuite().cases(scale));
        for (String suite : suites.isEmpty() ? Suites.names() : suites) {
            boolean fromFile = shapes != null && suite.equals("gemm");
            chosen.put(
                    suite,
                    fromFile ? GemmShapes.read(shapes) : Suites.named(suite).cases(scale));
        }
        return chosen;
    }

    private Scale scale(String name) {
        Scale scale = Scale.of(name);
        if (sizes != null) {
            scale = scale.withSquares(sizes);
        }
        return device.statedDType().map(scale::withDType).orElse(scale);
    }

    private Plan plan(String name) {
        Plan plan = name.equals("cpu") ? Plan.PROCESSOR : Plan.ACCELERATOR;
        return turns == null ? plan : plan.withTurns(turns);
    }

    private String command() {
        return "ottava "
                + String.join(
                        " ", spec.commandLine().getParent().getParseResult().originalArgs());
    }
}
