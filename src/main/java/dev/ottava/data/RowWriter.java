package dev.ottava.data;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.hub.Tokenizer;
import java.nio.file.Path;

/** Where the readers of files leave their ids and rows: checks every id, cuts rows, remembers where they lie. */
final class RowWriter {
    private final TokenStore store;
    private final RowTable rows = new RowTable();
    private final Tokenizer tokenizer;
    private final int vocabSize;
    private final int eosId;
    private final int seqLen;

    RowWriter(TokenStore store, Tokenizer tokenizerOrNull, int vocabSize, int eosId, int seqLen) {
        this.store = store;
        this.tokenizer = tokenizerOrNull;
        this.vocabSize = vocabSize;
        this.eosId = eosId;
        this.seqLen = seqLen;
    }

    RowTable rows() {
        return rows;
    }

    /** Ids in the store so far. */
    long position() {
        return store.size();
    }

    int seqLen() {
        return seqLen;
    }

    /** The id that ends a text, or -1. */
    int eosId() {
        return eosId;
    }

    Tokenizer tokenizerFor(Path file) {
        if (tokenizer == null) {
            throw noTokenizer(file);
        }
        return tokenizer;
    }

    static InvalidArgumentException noTokenizer(Path file) {
        return new InvalidArgumentException(
                file + " holds text, and the model folder has no tokenizer.json: add it, or give"
                        + " rows of {\"input_ids\": [...]}");
    }

    /** Appends to the running text. {@code place}: file and line, for the error. */
    void append(int[] ids, int count, String place) {
        for (int i = 0; i < count; i++) {
            if (ids[i] < 0 || ids[i] >= vocabSize) {
                throw new InvalidArgumentException(
                        place + ": token id " + ids[i] + " is outside the model's vocabulary of " + vocabSize
                                + " (ids 0 to " + (vocabSize - 1) + "): was another tokenizer used?");
            }
        }
        store.append(ids, count);
    }

    /** Adds a row, cut at the sequence length; nothing is asked for within its first {@code prompt} ids. */
    void addRow(int[] ids, int prompt, String place) {
        int length = Math.min(ids.length, seqLen);
        if (ids.length < 2) {
            throw new InvalidArgumentException(
                    place + ": a row of " + ids.length + " ids has nothing to predict: at least 2, or remove the row");
        }
        if (length <= prompt) {
            throw new InvalidArgumentException(
                    place + ": the prompt's " + prompt + " ids leave nothing of the completion within" + " --seq-len "
                            + seqLen + ": raise it, or remove the row");
        }
        long start = position();
        append(ids, length, place);
        rows.add(start, length, prompt);
    }

    /** Cuts the running text from {@code start} to here into rows; a last single id is only a target. */
    void cutRows(long start) {
        for (long at = start; position() - at >= 2; at += seqLen) {
            if (position() - at > seqLen) {
                rows.addFollowed(at, seqLen);
            } else {
                rows.add(at, (int) (position() - at), 0);
            }
        }
    }
}
