package dev.ottava.cli;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.nn.Precision;
import dev.ottava.optim.AdamW;
import dev.ottava.train.TrainingOptions.Fp8WeightRounding;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingOptions.ScheduleKind;
import picocli.CommandLine.Option;

/** How the parameters are updated. */
final class OptimizerArguments {
    @Option(
            names = "--optimizer",
            paramLabel = "lomo|adalomo|adamw",
            defaultValue = "lomo",
            description = "lomo and adalomo update a parameter the moment its gradient exists, and keep no gradients"
                    + " (default: ${DEFAULT-VALUE}).")
    OptimizerKind kind;

    @Option(
            names = "--learning-rate",
            paramLabel = "X",
            description = "Its peak (default: lomo 0.01, adalomo 0.0005, adamw 0.00002).")
    private Double learningRate;

    @Option(
            names = "--lr-schedule",
            paramLabel = "constant|linear|cosine",
            defaultValue = "constant",
            description = "After the warm-up; linear and cosine end at 0 (default: ${DEFAULT-VALUE}).")
    ScheduleKind schedule;

    @Option(
            names = "--warmup-steps",
            paramLabel = "N",
            defaultValue = "0",
            description = "Step i of these uses i/N of the learning rate (default: ${DEFAULT-VALUE}).")
    int warmupSteps;

    @Option(
            names = "--weight-decay",
            paramLabel = "X",
            defaultValue = "0",
            description = "Decoupled, of every parameter (default: ${DEFAULT-VALUE}).")
    double weightDecay;

    @Option(names = "--no-decay-1d", description = "Do not decay vectors: norms and biases.")
    boolean noDecay1d;

    @Option(
            names = "--adam-beta1",
            paramLabel = "X",
            defaultValue = "0.9",
            description = "adamw (default: ${DEFAULT-VALUE}).")
    double adamBeta1;

    @Option(
            names = "--adam-beta2",
            paramLabel = "X",
            defaultValue = "0.999",
            description = "adamw (default: ${DEFAULT-VALUE}).")
    double adamBeta2;

    @Option(
            names = "--adam-epsilon",
            paramLabel = "X",
            defaultValue = "1e-8",
            description = "adamw (default: ${DEFAULT-VALUE}).")
    double adamEpsilon;

    @Option(
            names = "--optimizer-states",
            paramLabel = "fp32|bf16|fp8",
            defaultValue = "fp32",
            description =
                    "adamw: what its moments are stored in. bf16 rounds them stochastically; fp8 (COAT) expands their"
                            + " range in groups of 128 (default: ${DEFAULT-VALUE}).")
    AdamW.StateKind states;

    @Option(
            names = "--adamw-weights",
            paramLabel = "exact|stochastic",
            defaultValue = "exact",
            description =
                    "adamw: how BF16 weights are kept. exact: with 16 more bits. stochastic: rounded, 2 bytes less for"
                            + " each (default: ${DEFAULT-VALUE}).")
    AdamW.WeightKind weights;

    @Option(
            names = "--max-grad-norm",
            paramLabel = "X",
            defaultValue = "0",
            description =
                    "Scale gradients down to this global norm; lomo and adalomo then go backward twice (default: off).")
    double maxGradNorm;

    @Option(
            names = "--max-grad-value",
            paramLabel = "X",
            defaultValue = "0",
            description = "Clamp each element of a gradient to [-X, X] (default: off).")
    double maxGradValue;

    @Option(
            names = "--fp8-weight-rounding",
            paramLabel = "stochastic|nearest",
            description = "With --weights fp8, of updates (default: stochastic).")
    private Fp8WeightRounding fp8WeightRounding;

    /** Refuses a rounding for weights that have none. */
    Fp8WeightRounding fp8WeightRounding(Precision precision) {
        if (fp8WeightRounding == null) {
            return Fp8WeightRounding.STOCHASTIC;
        }
        if (!precision.weights().isFp8()) {
            throw new InvalidArgumentException("--fp8-weight-rounding is for --weights fp8: give both, or neither");
        }
        return fp8WeightRounding;
    }

    double learningRate() {
        return learningRate != null ? learningRate : kind.defaultLearningRate();
    }
}
