package dev.ottava.cli;

import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.MemoryStatistics;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.Precision;
import dev.ottava.train.Trainer;
import dev.ottava.train.TrainingOptions;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ottava plan}. */
@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        abbreviateSynopsis = true,
        header = "Predicts the peak memory of `ottava train` with the same options, and allocates nothing.",
        footer = {
            "",
            "Neither --data nor --output is needed, and neither is touched: a sequence is taken to have --seq-len"
                    + " tokens.",
            "",
            "Examples:",
            "  ottava plan --model Qwen2.5-0.5B --batch-size 16 --seq-len 2048",
            "  ottava plan --preset llama-110m --optimizer adamw --recompute block --json",
            "  ottava plan --preset llama-65b --precision fp8 --weights fp8 --recompute block --batch-size 1 --memory 80GB"
        })
final class PlanCommand implements Callable<Integer> {
    @Mixin
    private final TrainArguments arguments = new TrainArguments();

    @Option(names = "--json", description = "Print one JSON object, with sizes in bytes.")
    private boolean json;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description =
                    "Plan for a GPU with so much memory, such as 80GB or 24GiB, in the place of the device at hand;"
                            + " 1 GiB of it is left to CUDA and its libraries.")
    private String memory;

    private final Terminal terminal;

    PlanCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        arguments.check();
        Long ofGpu = memory == null ? null : MemorySize.parse("--memory", memory);
        LlamaConfig config = arguments.model.config();
        if (arguments.data.seqLen() > config.maxPositionEmbeddings()) {
            throw new InvalidArgumentException(
                    "--seq-len " + arguments.data.seqLen() + " is longer than the model's max_position_embeddings "
                            + config.maxPositionEmbeddings() + ": lower it");
        }
        try (Device device = arguments.device.open(terminal.err())) {
            // A GPU that is not there computes in BF16, whatever the device at hand would.
            Precision precision =
                    ofGpu == null ? arguments.device.precision(device) : arguments.device.precisionIfStated();
            TrainingOptions options = arguments.options(precision, arguments.run.steps(1));
            MemoryStatistics plan = MemoryFit.plan(arguments, config, options);
            long available = ofGpu == null ? device.availableBytes() : Math.max(0, ofGpu - MemorySize.GPU_RESERVE);
            if (json) {
                print(plan, config, options, device, available);
            } else {
                table(plan, config, options, device, available);
            }
        }
        return 0;
    }

    private void table(
            MemoryStatistics plan, LlamaConfig config, TrainingOptions options, Device device, long available) {
        PrintStream out = terminal.out();
        out.printf(
                "%s, %s, %s, weights %s, %d x %d tokens, saved %s, recompute %s%n%n",
                arguments.model.name(),
                Choices.word(options.optimizer()),
                Choices.Precision.text(options.precision()),
                Choices.Weights.text(options.precision().weights()),
                options.batchSize(),
                arguments.data.seqLen(),
                options.fp8Activations() ? "in fp8" : "as computed",
                Choices.word(arguments.run.recompute));
        out.printf("%-18s %12s %14s%n", "purpose", "at the peak", "its own peak");
        for (MemoryPurpose purpose : MemoryPurpose.values()) {
            out.printf(
                    "%-18s %12s %14s%n",
                    purpose.label(),
                    Format.bytes(plan.atPeak().getOrDefault(purpose, 0L)),
                    Format.bytes(plan.peakByPurpose().getOrDefault(purpose, 0L)));
        }
        out.printf("%-18s %12s%n", "total", Format.bytes(plan.peakBytes()));
        long outside = outsideTensors(device);
        if (outside > 0) {
            out.printf(
                    "%-18s %12s  (Java and native libraries: a constant)%n", "beside tensors", Format.bytes(outside));
        }
        out.println();
        long saved = savedBytes(config, options);
        out.printf(
                "a block saves %s for the backward pass: %s units of batch x sequence x hidden x 2 bytes (published for"
                        + " Llama-2-7B: BF16 22.66, Transformer Engine 18.33, COAT 13.33)%n%n",
                Format.bytes(saved), Format.fixed(units(saved, config, options), 2));
        boolean fits = plan.peakBytes() + outside <= available;
        out.printf(
                "%s has %s free: %s%n",
                memory == null ? device.name() : "a GPU of " + memory,
                Format.bytes(available),
                fits ? "it fits" : "it does not fit; " + MemoryFit.remedy(arguments, config, options, available));
    }

    private long savedBytes(LlamaConfig config, TrainingOptions options) {
        return Trainer.planSavedBytes(config, options, arguments.data.seqLen());
    }

    /** In the unit of the tables of COAT. */
    private double units(long bytes, LlamaConfig config, TrainingOptions options) {
        return bytes / (2.0 * options.batchSize() * arguments.data.seqLen() * config.hiddenSize());
    }

    private void print(
            MemoryStatistics plan, LlamaConfig config, TrainingOptions options, Device device, long available) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", arguments.model.name());
        object.put("optimizer", Choices.word(options.optimizer()));
        object.put("precision", Choices.Precision.text(options.precision()));
        object.put("weights", Choices.Weights.text(options.precision().weights()));
        object.put("batch_size", options.batchSize());
        object.put("seq_len", arguments.data.seqLen());
        object.put("activations", options.fp8Activations() ? "fp8" : "as computed");
        object.put("recompute", Choices.word(arguments.run.recompute));
        object.put("peak_bytes", plan.peakBytes());
        object.put("outside_tensors_bytes", outsideTensors(device));
        object.put("at_peak", byPurpose(plan.atPeak()));
        object.put("peak_by_purpose", byPurpose(plan.peakByPurpose()));
        long saved = savedBytes(config, options);
        object.put("saved_bytes_per_block", saved);
        object.put("saved_units_per_block", units(saved, config, options));
        object.put("device", memory == null ? device.name() : memory);
        object.put("available_bytes", available);
        object.put("fits", plan.peakBytes() + outsideTensors(device) <= available);
        Json.print(terminal.out(), object);
    }

    private long outsideTensors(Device device) {
        return memory == null ? OutsideTensors.bytes(device) : 0;
    }

    private static Map<String, Long> byPurpose(Map<MemoryPurpose, Long> bytes) {
        Map<String, Long> names = new LinkedHashMap<>();
        for (MemoryPurpose purpose : MemoryPurpose.values()) {
            names.put(Choices.word(purpose), bytes.getOrDefault(purpose, 0L));
        }
        return names;
    }
}
