package dev.ottava.cli;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.data.DataOptions;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** What to train and evaluate on. */
final class DataArguments {
    @Option(
            names = "--data",
            arity = "1..*",
            paramLabel = "FILE...",
            split = ConfigFile.LIST_SEPARATOR,
            hideParamSyntax = true,
            description = "Files to train on: .txt, or .jsonl with {\"text\"}, {\"prompt\", \"completion\"} or"
                    + " {\"input_ids\"}.")
    private List<Path> files;

    @Option(
            names = "--eval-data",
            arity = "1..*",
            paramLabel = "FILE...",
            split = ConfigFile.LIST_SEPARATOR,
            hideParamSyntax = true,
            description = "Files to evaluate on (default: none).")
    private List<Path> evalFiles;

    @Option(
            names = "--eval-fraction",
            paramLabel = "X",
            description = "Part of --data to keep for evaluation instead (default: 0).")
    private Double evalFraction;

    @Option(
            names = "--eval-steps",
            paramLabel = "N",
            defaultValue = "0",
            description = "Evaluate every N steps (default: only at the end).")
    private int evalSteps;

    @Option(
            names = "--seq-len",
            paramLabel = "N",
            defaultValue = "512",
            description = "Most tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int seqLen;

    @Option(
            names = "--shuffle",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Draw a new order in each epoch, from --seed (default), or keep that of the files.")
    private boolean shuffle;

    DataOptions options(long seed) {
        if (files == null) {
            throw new InvalidArgumentException("no data: --data FILE... names what to train on");
        }
        double fraction = evalFraction == null ? 0 : evalFraction;
        return new DataOptions(files, evalFiles == null ? List.of() : evalFiles, fraction, seqLen, seed, shuffle);
    }

    int seqLen() {
        return seqLen;
    }

    int evalSteps() {
        return evalSteps;
    }

    boolean shuffle() {
        return shuffle;
    }
}
