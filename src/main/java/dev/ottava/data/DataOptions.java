package dev.ottava.data;

import dev.ottava.core.InvalidArgumentException;
import java.nio.file.Path;
import java.util.List;

/**
 * Which data to read, and how to cut and order it.
 *
 * @param files to train on: {@code .txt} or {@code .jsonl}
 * @param evalFiles to evaluate on; empty: none
 * @param evalFraction part of the rows of {@code files} that is kept for evaluation instead, 0 to below 1
 * @param seqLen most ids of a row, at least 2
 * @param seed draws the order of each epoch, and the rows kept for evaluation
 * @param shuffle false: the rows of an epoch come in the order of the files, those of {@code .txt} last
 */
public record DataOptions(
        List<Path> files, List<Path> evalFiles, double evalFraction, int seqLen, long seed, boolean shuffle) {

    public DataOptions {
        files = List.copyOf(files);
        evalFiles = List.copyOf(evalFiles);
        if (files.isEmpty()) {
            throw new InvalidArgumentException("--data: name at least one .txt or .jsonl file");
        }
        if (!(evalFraction >= 0 && evalFraction < 1)) {
            throw new InvalidArgumentException("--eval-fraction " + evalFraction + ": a number from 0 to below 1");
        }
        if (evalFraction > 0 && !evalFiles.isEmpty()) {
            throw new InvalidArgumentException("--eval-data and --eval-fraction: give one of them");
        }
        if (seqLen < 2) {
            throw new InvalidArgumentException("--seq-len " + seqLen + ": a whole number from 2");
        }
    }

    /** Files to train on, shuffled anew in each epoch, with no evaluation. */
    public static DataOptions shuffled(List<Path> files, int seqLen, long seed) {
        return new DataOptions(files, List.of(), 0, seqLen, seed, true);
    }

    /** Files in their own order, with no evaluation: what {@code ottava eval} reads. */
    public static DataOptions inOrder(List<Path> files, int seqLen) {
        return new DataOptions(files, List.of(), 0, seqLen, 0, false);
    }
}
