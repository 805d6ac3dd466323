package dev.ottava.data;

import dev.ottava.hub.Tokenizer;
import java.nio.file.Path;
import java.util.List;

/**
 * Packs {@code .txt} files: their ids in one stream, the end-of-text id between two files, cut into rows of equal
 * length whatever lies on the cut. Every id but the stream's first is a target once: the last target of a row is the
 * first id of the next.
 *
 * <p>A file is tokenised in passages of 256 KiB that end at a line end (see {@link Utf8Reader#readPassage}). Byte-level
 * tokenisers give the same ids either way. Byte-pair tokenisers that split text at line ends before they merge (GPT-2,
 * Llama 3, Qwen) do too, unless a passage has no line end with text on both sides; one that merges across line ends or
 * puts a blank before every text (Llama 2) may differ in a token at each such cut.
 */
final class TextReader {
    private static final int PASSAGE = 1 << 18;

    private final RowWriter rows;

    TextReader(RowWriter rows) {
        this.rows = rows;
    }

    void read(List<Path> files, Progress progress) {
        long start = rows.position();
        for (Path file : files) {
            if (rows.position() > start && rows.eosId() >= 0) {
                rows.append(new int[] {rows.eosId()}, 1, file.toString());
            }
            Tokenizer tokenizer = rows.tokenizerFor(file);
            try (Utf8Reader text = new Utf8Reader(file, progress)) {
                for (String passage = text.readPassage(PASSAGE); passage != null; passage = text.readPassage(PASSAGE)) {
                    int[] ids = tokenizer.encode(passage, false);
                    rows.append(ids, ids.length, file + ", lines " + text.line() + " to " + text.lastLine());
                }
            }
        }
        rows.cutRows(start);
    }
}
