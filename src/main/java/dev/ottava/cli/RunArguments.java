package dev.ottava.cli;

import dev.ottava.cli.Choices.Activations;
import dev.ottava.cli.Choices.Recompute;
import dev.ottava.cli.Choices.SaveDType;
import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** How long to train, what to keep, and where. */
final class RunArguments {
    @Option(
            names = "--output",
            paramLabel = "DIR",
            description =
                    "Directory for the model, metrics.jsonl, report.html and checkpoints; must not hold a run, unless"
                            + " --resume.")
    private Path output;

    @Option(names = "--steps", paramLabel = "N", description = "Updates in all.")
    private Integer steps;

    @Option(names = "--epochs", paramLabel = "X", description = "Or: passes over the data (default: 1).")
    private Double epochs;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "8",
            description = "Sequences of a step (default: ${DEFAULT-VALUE}).")
    int batchSize;

    @Option(
            names = "--gradient-accumulation-steps",
            paramLabel = "N",
            defaultValue = "1",
            description = "Batches that share an update; adamw only (default: ${DEFAULT-VALUE}).")
    int gradientAccumulationSteps;

    @Option(
            names = "--activations",
            paramLabel = "bf16|fp8",
            defaultValue = "bf16",
            description =
                    "What is saved for the backward pass. bf16: what was computed. fp8: the residual stream, gate and"
                            + " up in FP8 (COAT), and inputs of linear layers are made again; needs --precision fp8 (default:"
                            + " ${DEFAULT-VALUE}).")
    Activations activations;

    @Option(
            names = "--recompute",
            paramLabel = "none|block",
            defaultValue = "none",
            description = "block: keep only the input of each block, and compute the rest again: less memory, a third"
                    + " more work (default: ${DEFAULT-VALUE}).")
    Recompute recompute;

    @Option(
            names = "--keep-operands",
            description = "With --precision fp8, keep what products take beside the stored weights instead of making it"
                    + " for each: a byte more for a weight of fp8, two for one of bf16.")
    boolean keepOperands;

    @Option(
            names = "--graph",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description =
                    "On cuda, record the step once for each shape of batches and launch it as one (default), or not.")
    boolean graph;

    @Option(
            names = "--save-dtype",
            paramLabel = "fp32|bf16",
            description = "What the model is saved in when training is done (default: as --weights; fp8 as transformers"
                    + " reads it).")
    private SaveDType saveDType;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of everything drawn by chance (default: ${DEFAULT-VALUE}).")
    long seed;

    @Option(
            names = "--save-steps",
            paramLabel = "N",
            defaultValue = "0",
            description = "Write a checkpoint every N steps (default: off).")
    int saveSteps;

    @Option(
            names = "--keep-checkpoints",
            paramLabel = "N",
            defaultValue = "2",
            description = "Keep the last N of them (default: ${DEFAULT-VALUE}).")
    int keepCheckpoints;

    @Option(names = "--resume", description = "Go on from the last checkpoint in --output, or begin if there is none.")
    boolean resume;

    @Option(
            names = "--log-steps",
            paramLabel = "N",
            defaultValue = "10",
            description = "Report every N steps (default: ${DEFAULT-VALUE}).")
    int logSteps;

    @Option(
            names = "--config",
            paramLabel = "FILE.yaml",
            description = "Read options from a file: their names without dashes. The command line wins.")
    Path config; // read before the other arguments are: see ConfigFile

    /** Null: as weights are stored. */
    DType saveDType() {
        return saveDType == null ? null : saveDType.dtype();
    }

    Path output() {
        if (output == null) {
            throw new InvalidArgumentException("no output: --output DIR says where the model goes");
        }
        return output;
    }

    /** Updates in all, for data with so many rows. */
    int steps(long rows) {
        if (steps != null) {
            return steps;
        }
        double passes = epochs == null ? 1 : epochs;
        if (!(passes > 0)) {
            throw new InvalidArgumentException("--epochs " + passes + ": a number above 0");
        }
        double updates = Math.ceil(passes * rows / ((double) batchSize * gradientAccumulationSteps));
        if (updates > Integer.MAX_VALUE) {
            throw new InvalidArgumentException("--epochs " + passes + ": more than " + Integer.MAX_VALUE + " steps");
        }
        return (int) updates;
    }
}
