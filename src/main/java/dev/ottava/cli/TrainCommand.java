package dev.ottava.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ottava train}. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        abbreviateSynopsis = true,
        header = "Trains all parameters of a model.",
        footer = {
            "",
            "Examples:",
            "  ottava train --model Qwen2.5-0.5B --data chat.jsonl --output tuned --learning-rate 0.005 --epochs 2",
            "  ottava train --preset llama-15m --data *.txt --eval-fraction 0.05 --output scratch --optimizer adalomo"
                    + " \\",
            "      --learning-rate 0.01 --lr-schedule cosine --warmup-steps 100 --save-steps 500",
            "  ottava train --config scratch/run.yaml --resume"
        })
final class TrainCommand implements Callable<Integer> {
    @Mixin
    final TrainArguments arguments = new TrainArguments();

    private final Terminal terminal;

    TrainCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        new TrainingJob(arguments, terminal).run();
        return 0;
    }
}
