package dev.ottava.cli;

import dev.ottava.bench.GemmBenchmark;
import dev.ottava.bench.StepBenchmark;
import dev.ottava.bench.Timing;
import dev.ottava.core.Device;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ottava bench}. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        header = "Measures kernels and training steps.",
        footer = {
            "",
            "Variants are measured in turns; figures are medians, the spread is half the distance between the quartiles.",
            "Let nothing else run beside it.",
            "",
            "Examples:",
            "  ottava bench step --device cpu",
            "  ottava bench gemm --sizes 512,1024 --json"
        })
final class BenchCommand implements Callable<Integer> {
    private enum Suite {
        gemm,
        step
    }

    @Parameters(
            paramLabel = "SUITE",
            description = "gemm: matrix products beside OpenBLAS. step: whole training steps.")
    private Suite suite;

    @Mixin
    private final DeviceArguments device = new DeviceArguments();

    @Option(
            names = "--sizes",
            paramLabel = "N",
            split = ",",
            defaultValue = "256,512,1024,2048",
            description = "gemm: m = n = k (default: ${DEFAULT-VALUE}).")
    private List<Integer> sizes;

    @Option(names = "--json", description = "Print one JSON object a line.")
    private boolean json;

    private final Terminal terminal;

    BenchCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (suite == Suite.gemm) {
            GemmBenchmark.startPeer();
        }
        try (Device opened = device.open(terminal.err())) {
            terminal.remarks(json)
                    .printf("%s (%s), Ottava %s%n", opened.property("processor"), DeviceArguments.describe(opened), Version.text());
            switch (suite) {
                case gemm -> gemm(opened);
                case step -> step(opened);
            }
        }
        return 0;
    }

    private void gemm(Device opened) {
        heading(
                "%6s %14s %8s %14s %10s %14s %8s",
                "m=n=k", "F32 GFLOP/s", "of peer", "BF16 GFLOP/s", "of peer", "OpenBLAS F32", "spread");
        for (GemmBenchmark.Result result : GemmBenchmark.run(opened, sizes)) {
            double peer = result.gigaflops(result.peer());
            double f32 = result.gigaflops(result.f32());
            double bf16 = result.gigaflops(result.bf16());
            if (json) {
                Map<String, Object> line = line("gemm", opened);
                line.put("size", result.size());
                line.put("f32_gflops", f32);
                line.put("bf16_gflops", bf16);
                line.put("openblas_f32_gflops", peer);
                line.put("f32_of_openblas", f32 / peer);
                line.put("bf16_of_openblas", bf16 / peer);
                spread(line, result.f32());
                Json.print(terminal.out(), line);
            } else {
                terminal.out()
                        .printf(
                                "%6d %14.1f %8.2f %14.1f %10.2f %14.1f %7.0f%%%n",
                                result.size(),
                                f32,
                                f32 / peer,
                                bf16,
                                bf16 / peer,
                                peer,
                                100 * result.f32().spread());
            }
        }
    }

    private void step(Device opened) {
        heading("%-40s %6s %12s %10s %8s %12s", "LOMO step", "dtype", "tokens/s", "s/step", "spread", "peak memory");
        for (StepBenchmark.Result result : StepBenchmark.run(opened.name())) {
            if (json) {
                Map<String, Object> line = line("step", opened);
                line.put("shape", result.shape().name());
                line.put("dtype", result.dtype().name());
                line.put("tokens_per_second", result.tokensPerSecond());
                line.put("seconds", result.timing().median());
                line.put("peak_bytes", result.peakBytes());
                spread(line, result.timing());
                Json.print(terminal.out(), line);
            } else {
                terminal.out()
                        .printf(
                                "%-40s %6s %12.0f %10.4f %7.0f%% %12s%n",
                                result.shape().name(),
                                result.dtype(),
                                result.tokensPerSecond(),
                                result.timing().median(),
                                100 * result.timing().spread(),
                                Format.bytes(result.peakBytes()));
            }
        }
    }

    private void heading(String format, Object... columns) {
        if (!json) {
            terminal.out().printf(format + "%n", columns);
        }
    }

    private static Map<String, Object> line(String suite, Device device) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("suite", suite);
        line.put("device", device.name());
        line.put("processor", device.property("processor"));
        for (String property : List.of("instructions", "architecture", "driver", "matmul")) {
            if (!device.property(property).isEmpty()) {
                line.put(property, device.property(property));
            }
        }
        if (!device.property("threads").isEmpty()) {
            line.put("threads", Integer.parseInt(device.property("threads")));
        }
        return line;
    }

    private static void spread(Map<String, Object> line, Timing timing) {
        line.put("spread", timing.spread());
        line.put("rounds", timing.seconds().length);
    }
}
