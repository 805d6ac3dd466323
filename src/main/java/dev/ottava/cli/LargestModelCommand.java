package dev.ottava.cli;

import dev.ottava.bench.LargestModel;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaParameters;
import dev.ottava.nn.Precision;
import dev.ottava.nn.Presets;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code benchmarks/largest-model}. */
@Command(
        name = "largest-model",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        header = "Finds the largest Llama that takes steps of LOMO in a given memory, and takes them.")
final class LargestModelCommand implements Callable<Integer> {
    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "For tensors, such as 2GiB (default: what the device has free).")
    private String memory;

    @Option(names = "--preset", paramLabel = "NAME", description = "Try this model, and search for none.")
    private String preset;

    @Option(names = "--seq-len", paramLabel = "N", defaultValue = "1024", description = "Tokens (default: 1024).")
    private int seqLen;

    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "1", description = "Sequences (default: 1).")
    private int batchSize;

    @Option(names = "--vocabulary", paramLabel = "N", description = "Tokens (default: 32000).")
    private Integer vocabulary;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "2", description = "To take (default: 2).")
    private int steps;

    @Mixin(name = "Device")
    private final DeviceArguments arguments = new DeviceArguments();

    private final Terminal terminal;

    LargestModelCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (preset != null && (vocabulary != null || memory != null)) {
            throw new InvalidArgumentException(
                    "--preset is a model with its vocabulary, whatever memory it takes: leave out --vocabulary and --memory");
        }
        if (seqLen < 1 || batchSize < 1 || steps < 1 || (vocabulary != null && vocabulary < 2)) {
            throw new InvalidArgumentException(
                    "--seq-len, --batch-size and --steps are whole numbers from 1, --vocabulary from 2");
        }
        try (Device device = arguments.open(terminal.err())) {
            Precision precision = arguments.precision(device);
            long bytes = memory == null ? device.availableBytes() : MemorySize.parse("--memory", memory);
            TrainingOptions options = TrainingOptions.defaults(OptimizerKind.LOMO, steps)
                    .with(changes -> {
                        changes.precision = precision;
                        changes.recomputeBlocks = true;
                        changes.batchSize = batchSize;
                        changes.learningRate = 1e-3;
                    });
            LargestModel search = new LargestModel(options, seqLen, vocabulary == null ? 32000 : vocabulary);
            LlamaConfig config = preset != null ? Presets.named(preset) : search.find(bytes);
            if (config == null) {
                throw new InvalidArgumentException(
                        Format.bytes(bytes) + ": not even the smallest model fits; give more --memory");
            }
            long before = device.availableBytes();
            LargestModel.Outcome outcome = search.run(config, device, steps);
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("device", device.name());
            object.put("precision", Choices.Precision.text(precision));
            object.put("weights", Choices.Weights.text(precision.weights()));
            object.put("parameters", LlamaParameters.count(config));
            object.put("layers", config.numHiddenLayers());
            object.put("hidden", config.hiddenSize());
            object.put("intermediate", config.intermediateSize());
            object.put("vocabulary", config.vocabSize());
            object.put("tokens", (long) seqLen * batchSize);
            object.put("memory_bytes", bytes);
            object.put("planned_peak_bytes", search.planned(config));
            object.put("peak_bytes", outcome.memory().peakBytes());
            for (MemoryPurpose purpose : MemoryPurpose.values()) {
                object.put(
                        Choices.word(purpose).replace('-', '_') + "_peak_bytes",
                        outcome.memory().peakByPurpose().getOrDefault(purpose, 0L));
            }
            object.put("held_bytes", outcome.heldAtMost());
            object.put("free_before_bytes", before);
            object.put("losses", outcome.losses());
            Json.print(terminal.out(), object);
        }
        return 0;
    }
}
