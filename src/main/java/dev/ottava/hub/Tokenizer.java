package dev.ottava.hub;

import java.nio.file.Path;
import java.util.List;

/** Text to token ids and back. */
public interface Tokenizer extends AutoCloseable {
    /** The ids of a text, with what the tokenizer puts around a text (such as {@code <s>}) if asked for. */
    int[] encode(String text, boolean addSpecialTokens);

    /** The text of some ids, special tokens left out. */
    String decode(int[] ids);

    /** One more than the highest id. */
    int vocabSize();

    /** The files that describe it, to be copied beside a model. */
    List<Path> files();

    @Override
    void close();
}
