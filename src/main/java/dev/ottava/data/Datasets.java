package dev.ottava.data;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.hub.Tokenizer;
import dev.ottava.nn.LlamaConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Opens data files. One pass over them tokenises everything into a temporary file of 4 bytes an id; in memory stay 16
 * bytes a row and 8 more for the orders of two epochs.
 */
public final class Datasets {
    /** The random stream that draws the evaluation rows; those from 0 on belong to the epochs. */
    private static final long EVAL_STREAM = -1;

    /** What to train on, and what to evaluate on or null. Both have to be closed. */
    public record Split(Dataset train, Dataset evalOrNull) implements AutoCloseable {
        @Override
        public void close() {
            train.close();
            if (evalOrNull != null) {
                evalOrNull.close();
            }
        }
    }

    private Datasets() {}

    /** Reads the data for a model: vocabulary, positions and end of text are those of its configuration. */
    public static Split open(DataOptions options, Tokenizer tokenizerOrNull, LlamaConfig config) {
        return open(
                options,
                tokenizerOrNull,
                config.vocabSize(),
                config.maxPositionEmbeddings(),
                config.eosTokenId(),
                Progress.NONE);
    }

    /**
     * Reads the data for a model.
     *
     * @param tokenizerOrNull needed only for text; stays the caller's
     * @param vocabSize every id is below it
     * @param maxPositions of the model; no sequence is longer
     * @param eosId ends texts, or -1
     * @throws InvalidArgumentException naming file and line
     */
    public static Split open(
            DataOptions options,
            Tokenizer tokenizerOrNull,
            int vocabSize,
            int maxPositions,
            int eosId,
            Progress progress) {
        if (options.seqLen() > maxPositions) {
            throw new InvalidArgumentException("--seq-len " + options.seqLen()
                    + " is longer than the model's max_position_embeddings " + maxPositions + ": lower it");
        }
        if (eosId >= vocabSize) {
            throw new InvalidArgumentException("eos_token_id " + eosId + " is outside the model's vocabulary of "
                    + vocabSize + ": correct config.json");
        }
        // Say what is wrong with the last file before an hour has gone into the others.
        Stream.concat(options.files().stream(), options.evalFiles().stream())
                .forEach(file -> check(file, tokenizerOrNull));

        Reading train = Reading.of(options.files(), options.seqLen(), tokenizerOrNull, vocabSize, eosId, progress);
        try {
            if (options.evalFraction() > 0) {
                return split(train, options);
            }
            Dataset eval = null;
            if (!options.evalFiles().isEmpty()) {
                Reading reading =
                        Reading.of(options.evalFiles(), options.seqLen(), tokenizerOrNull, vocabSize, eosId, progress);
                eval = new StoredDataset(reading.store, reading.rows, null, 0, false);
            }
            return new Split(new StoredDataset(train.store, train.rows, null, options.seed(), options.shuffle()), eval);
        } catch (Throwable t) {
            train.store.close();
            throw t;
        }
    }

    private static Split split(Reading all, DataOptions options) {
        int rows = all.rows.size();
        int kept = (int) Math.max(1, Math.round(options.evalFraction() * rows));
        if (kept >= rows) {
            throw new InvalidArgumentException("--eval-fraction " + options.evalFraction() + " keeps " + kept + " of "
                    + rows + " rows and leaves none to train on: lower it, or give more data");
        }
        int[] drawn = SplitMix64.of(options.seed(), EVAL_STREAM).permutation(rows);
        BitSet eval = new BitSet(rows);
        IntStream.range(0, kept).forEach(i -> eval.set(drawn[i]));
        int[] evalRows = eval.stream().toArray();
        int[] trainRows = IntStream.range(0, rows).filter(row -> !eval.get(row)).toArray();
        return new Split(
                new StoredDataset(all.store, all.rows, trainRows, options.seed(), options.shuffle()),
                new StoredDataset(all.store.share(), all.rows, evalRows, 0, false));
    }

    private static void check(Path file, Tokenizer tokenizerOrNull) {
        if (!isText(file) && !extension(file).equals(".jsonl")) {
            throw new InvalidArgumentException(file + ": data files are .txt or .jsonl, and this is neither");
        }
        if (!Files.exists(file)) {
            throw new InvalidArgumentException(file + ": no such file");
        }
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw new InvalidArgumentException(file + ": not a file that can be read");
        }
        try {
            if (Files.size(file) == 0) {
                throw new InvalidArgumentException(file + ": the file is empty");
            }
        } catch (IOException e) {
            throw new InvalidArgumentException(file + ": " + e.getMessage());
        }
        if (isText(file) && tokenizerOrNull == null) {
            throw RowWriter.noTokenizer(file);
        }
    }

    private static boolean isText(Path file) {
        return extension(file).equals(".txt");
    }

    private static String extension(Path file) {
        String name = file.getFileName() == null ? "" : file.getFileName().toString();
        return name.substring(Math.max(name.lastIndexOf('.'), 0)).toLowerCase(Locale.ROOT);
    }

    private record Reading(TokenStore store, RowTable rows) {
        static Reading of(
                List<Path> files, int seqLen, Tokenizer tokenizer, int vocabSize, int eosId, Progress progress) {
            TokenStore store = new TokenStore();
            try {
                RowWriter rows = new RowWriter(store, tokenizer, vocabSize, eosId, seqLen);
                List<Path> texts = new ArrayList<>();
                for (Path file : files) {
                    if (isText(file)) {
                        texts.add(file);
                    } else {
                        new JsonlReader(rows).read(file, progress);
                    }
                }
                new TextReader(rows).read(texts, progress);
                if (rows.rows().size() == 0) {
                    throw new InvalidArgumentException(
                            files.size() == 1
                                    ? files.get(0) + ": no row of at least 2 ids in it"
                                    : "no row of at least 2 ids in any of the data files, " + files.get(0)
                                            + " the first");
                }
                return new Reading(store, rows.rows());
            } catch (Throwable t) {
                store.close();
                throw t;
            }
        }
    }
}
