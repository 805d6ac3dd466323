package dev.ottava.cli;

import dev.ottava.cli.Choices.Activations;
import dev.ottava.cli.Choices.Recompute;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.nn.Precision;
import dev.ottava.train.TrainingOptions;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/** The options that {@code train} and {@code plan} share. */
final class TrainArguments {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Mixin(name = "Model")
    final ModelChoice model = new ModelChoice();

    @Mixin(name = "Data")
    final DataArguments data = new DataArguments();

    @Mixin(name = "Optimizer")
    final OptimizerArguments optimizer = new OptimizerArguments();

    @Mixin(name = "Run")
    final RunArguments run = new RunArguments();

    @Mixin(name = "Device")
    final DeviceArguments device = new DeviceArguments();

    /** What a command line of {@code ottava} means that begins with {@code train}. */
    static TrainArguments of(Terminal terminal, String... args) {
        CommandLine ottava = Main.commandLine(terminal);
        ottava.parseArgs(args);
        return ((TrainCommand) ottava.getSubcommands().get("train").getCommand()).arguments;
    }

    /** Refuses options that are wrong by themselves or exclude each other, before anything is opened. */
    void check() {
        exclude("--model", "--preset");
        exclude("--steps", "--epochs");
        exclude("--eval-data", "--eval-fraction");
        options(device.precisionIfStated(), 1);
        options(device.precisionIfStated(), run.steps(1));
    }

    /** Of two such options, one on the command line overrides the other in a file. */
    private void exclude(String first, String second) {
        OptionSpec a = command.findOption(first);
        OptionSpec b = command.findOption(second);
        if (a.getValue() == null || b.getValue() == null) {
            return;
        }
        if (typed(first) == typed(second)) {
            throw new InvalidArgumentException(first + " and " + second + ": give only one of them");
        }
        (typed(first) ? b : a).setValue(null);
    }

    private boolean typed(String option) {
        return command.commandLine().getParseResult().hasMatchedOption(option);
    }

    TrainingOptions options(Precision precision, int steps) {
        return options(precision, steps, run.batchSize, run.recompute);
    }

    /** The same, with what makes a run smaller changed. */
    TrainingOptions options(Precision precision, int steps, int batchSize, Recompute recompute) {
        return new TrainingOptions(
                optimizer.kind,
                optimizer.learningRate(),
                optimizer.schedule,
                optimizer.warmupSteps,
                optimizer.weightDecay,
                optimizer.noDecay1d,
                optimizer.adamBeta1,
                optimizer.adamBeta2,
                optimizer.adamEpsilon,
                optimizer.states,
                optimizer.weights,
                optimizer.maxGradNorm,
                optimizer.maxGradValue,
                batchSize,
                run.gradientAccumulationSteps,
                steps,
                run.seed,
                data.shuffle(),
                precision,
                optimizer.fp8WeightRounding(precision),
                run.activations == Activations.FP8,
                recompute == Recompute.BLOCK,
                run.keepOperands,
                run.graph,
                run.logSteps,
                run.saveSteps,
                run.keepCheckpoints,
                data.evalSteps());
    }

    /** Every option that has a value, as a report shows it. */
    Map<String, String> describe() {
        Map<String, String> values = new LinkedHashMap<>();
        for (OptionSpec option : command.options()) {
            Object value = option.getValue();
            if (value == null || option.usageHelp() || option.versionHelp()) {
                continue;
            }
            values.put(option.longestName(), text(value));
        }
        return values;
    }

    private static String text(Object value) {
        if (value instanceof Enum<?> choice) {
            return Choices.word(choice);
        }
        if (value instanceof Double number) {
            return Format.plain(number);
        }
        return value instanceof Collection<?> files
                ? files.stream().map(String::valueOf).collect(Collectors.joining(" "))
                : value.toString();
    }
}
