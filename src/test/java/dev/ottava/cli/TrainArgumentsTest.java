package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.data.DataOptions;
import dev.ottava.kernel.Scaling;
import dev.ottava.nn.Precision;
import dev.ottava.nn.WeightFormat;
import dev.ottava.optim.AdamW;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.Fp8WeightRounding;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingOptions.ScheduleKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The options of train are a contract: their names, their defaults and what they mean. */
class TrainArgumentsTest {
    private static TrainArguments parse(String args) {
        TrainArguments arguments =
                TrainArguments.of(Cli.silent(), ("train " + args).strip().split(" +"));
        arguments.check();
        return arguments;
    }

    private static Set<String> names(String command) {
        CommandLine line = Main.commandLine(Cli.silent()).getSubcommands().get(command);
        Set<String> names = new TreeSet<>();
        for (OptionSpec option : line.getCommandSpec().options()) {
            names.addAll(OptionGroups.names(option));
        }
        names.removeAll(List.of("-h", "--help", "-V", "--version"));
        return names;
    }

    @Test
    void namesOfTrainArePartOfTheContract() {
        Set<String> contract = new TreeSet<>(Set.of(
                "--model",
                "--preset",
                "--data",
                "--eval-data",
                "--eval-fraction",
                "--eval-steps",
                "--output",
                "--optimizer",
                "--learning-rate",
                "--lr-schedule",
                "--warmup-steps",
                "--weight-decay",
                "--no-decay-1d",
                "--adam-beta1",
                "--adam-beta2",
                "--adam-epsilon",
                "--optimizer-states",
                "--adamw-weights",
                "--max-grad-norm",
                "--max-grad-value",
                "--batch-size",
                "--seq-len",
                "--gradient-accumulation-steps",
                "--steps",
                "--epochs",
                "--seed",
                "--shuffle",
                "--no-shuffle",
                "--precision",
                "--fp8-scaling",
                "--activations",
                "--weights",
                "--fp8-weight-scales",
                "--fp8-weight-rounding",
                "--keep-operands",
                "--graph",
                "--no-graph",
                "--save-dtype",
                "--recompute",
                "--device",
                "--save-steps",
                "--keep-checkpoints",
                "--resume",
                "--log-steps",
                "--config"));
        assertEquals(contract, names("train"));
        contract.add("--json");
        contract.add("--memory");
        assertEquals(contract, names("plan"));
    }

    @Test
    void namesOfTheOtherCommandsAreToo() {
        assertEquals(
                new TreeSet<>(Set.of(
                        "--model",
                        "--data",
                        "--seq-len",
                        "--batch-size",
                        "--device",
                        "--precision",
                        "--fp8-scaling",
                        "--weights",
                        "--fp8-weight-scales",
                        "--json")),
                names("eval"));
        assertEquals(
                new TreeSet<>(Set.of(
                        "--model",
                        "--prompt",
                        "--prompt-file",
                        "--max-tokens",
                        "--temperature",
                        "--top-p",
                        "--seed",
                        "--attention",
                        "--thresholds",
                        "--attention-picture",
                        "--device",
                        "--precision",
                        "--fp8-scaling",
                        "--weights",
                        "--fp8-weight-scales",
                        "--json")),
                names("generate"));
        assertEquals(
                new TreeSet<>(Set.of(
                        "--model",
                        "--data",
                        "--error",
                        "--relative-error",
                        "--output",
                        "--row-step",
                        "--local-keys",
                        "--max-tokens",
                        "--samples",
                        "--device",
                        "--precision",
                        "--fp8-scaling",
                        "--weights",
                        "--fp8-weight-scales",
                        "--json")),
                names("calibrate"));
    }

    @ParameterizedTest
    @CsvSource({"lomo, 0.01", "adalomo, 0.0005", "adamw, 0.00002"})
    void defaultsAreThoseOfTheTrainer(String optimizer, double learningRate) {
        OptimizerKind kind = OptimizerKind.valueOf(optimizer.toUpperCase(Locale.ROOT));
        TrainArguments arguments = parse("--preset demo-3m --data a.txt --optimizer " + optimizer);
        assertEquals(TrainingOptions.defaults(kind, 7), arguments.options(Precision.F32, 7));
        assertEquals(learningRate, arguments.options(Precision.F32, 7).learningRate());
        assertEquals(
                new DataOptions(List.of(Path.of("a.txt")), List.of(), 0, 512, 0, true),
                arguments.data.options(arguments.run.seed));
        assertEquals(
                OptimizerKind.LOMO,
                parse("--preset demo-3m").options(Precision.F32, 1).optimizer());
    }

    @Test
    void optionsOfStoredWeightsReachTheTrainer() {
        TrainArguments arguments = parse("--preset demo-3m --data a.txt --output out --precision fp8 --weights fp8"
                + " --fp8-weight-scales power-of-two --fp8-weight-rounding nearest --keep-operands --save-dtype bf16");
        Precision precision = arguments.device.precisionIfStated();
        assertEquals(Precision.fp8(Scaling.BLOCKS_128).with(WeightFormat.FP8_POWER_OF_TWO), precision);
        TrainingOptions options = arguments.options(precision, 1);
        assertEquals(Fp8WeightRounding.NEAREST, options.fp8WeightRounding());
        assertTrue(options.keepOperands());
        assertEquals(DType.BF16, arguments.run.saveDType());
        TrainArguments plain = parse("--preset demo-3m --data a.txt --precision fp32 --weights bf16");
        assertEquals(Precision.F32.with(WeightFormat.BF16), plain.device.precisionIfStated());
        assertNull(plain.run.saveDType());
    }

    @Test
    void everyOptionReachesTheTrainer() {
        TrainArguments arguments =
                parse("--model m --data a.txt b.jsonl --data c.jsonl --eval-data e.jsonl f.txt --eval-steps 11"
                        + " --output out --optimizer adamw --learning-rate 0.125 --lr-schedule cosine --warmup-steps 12"
                        + " --weight-decay 0.25 --no-decay-1d --adam-beta1 0.5 --adam-beta2 0.75 --adam-epsilon 1e-3"
                        + " --optimizer-states bf16 --adamw-weights stochastic"
                        + " --max-grad-norm 2 --max-grad-value 3 --batch-size 4 --seq-len 64 --gradient-accumulation-steps"
                        + " 5 --steps 100 --seed -9 --no-shuffle --precision fp8 --activations fp8 --recompute block --device cpu"
                        + " --no-graph --save-steps 13 --keep-checkpoints 14 --log-steps 15");
        assertEquals(
                new TrainingOptions(
                        OptimizerKind.ADAMW,
                        0.125,
                        ScheduleKind.COSINE,
                        12,
                        0.25,
                        true,
                        0.5,
                        0.75,
                        1e-3,
                        AdamW.StateKind.BF16,
                        AdamW.WeightKind.STOCHASTIC,
                        2,
                        3,
                        4,
                        5,
                        100,
                        -9,
                        false,
                        Precision.fp8(Scaling.BLOCKS_128),
                        Fp8WeightRounding.STOCHASTIC,
                        true,
                        true,
                        false,
                        false,
                        15,
                        13,
                        14,
                        11),
                arguments.options(Precision.fp8(Scaling.BLOCKS_128), arguments.run.steps(1)));
        assertEquals(
                new DataOptions(
                        List.of(Path.of("a.txt"), Path.of("b.jsonl"), Path.of("c.jsonl")),
                        List.of(Path.of("e.jsonl"), Path.of("f.txt")),
                        0,
                        64,
                        -9,
                        false),
                arguments.data.options(arguments.run.seed));
        assertEquals(Path.of("m"), arguments.model.folder());
        assertEquals(Path.of("out"), arguments.run.output());
        assertEquals(
                0.1,
                parse("--preset x --data a.txt --eval-fraction 0.1")
                        .data
                        .options(0)
                        .evalFraction());
        assertEquals(true, parse("--preset x --shuffle").data.shuffle());
    }

    /** 10 rows in batches of 4 are 3 steps; half as many again are 4. */
    @ParameterizedTest
    @CsvSource({"'', 3", "--epochs 1.5, 4", "--epochs 0.001, 1", "--steps 9, 9"})
    void epochsAreTurnedIntoSteps(String args, int steps) {
        assertEquals(steps, parse("--preset x --batch-size 4 " + args).run.steps(10));
    }

    @Test
    void precisionFollowsTheDevice() {
        try (Device device = Device.open("cpu")) {
            Precision natural = device.hasNativeBf16() ? Precision.BF16 : Precision.F32;
            assertEquals(natural, parse("--preset x").device.precision(device));
            assertEquals(
                    Precision.F32, parse("--preset x --precision fp32").device.precision(device));
            assertEquals(
                    Precision.BF16, parse("--preset x --precision bf16").device.precision(device));
        }
    }

    @Test
    void accumulationWithLomoIsRefused() {
        InvalidArgumentException refused =
                assertThrows(InvalidArgumentException.class, () -> parse("--preset x --gradient-accumulation-steps 2"));
        assertEquals(true, refused.getMessage().contains("consumes each gradient"));
    }
}
