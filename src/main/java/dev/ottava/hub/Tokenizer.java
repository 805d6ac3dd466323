package dev.ottava.hub;

import java.nio.file.Path;
import java.util.List;

/** Text to token ids and back. */
public interface Tokenizer extends AutoCloseable {
    /**
     * The ids of a text. A special token written out in the text becomes its one id.
     *
     * @param addSpecialTokens whether to add what the model expects around a text, such as a token of its beginning
     */
    int[] encode(String text, boolean addSpecialTokens);

    /**
     * The text of ids, special tokens written out. An id that is no token has no text: models with a padded vocabulary
     * have such.
     */
    String decode(int[] ids);

    /** One more than the largest id. */
    int vocabSize();

    /** The files it was read from, and those beside them that belong to it: what to copy with a model. */
    List<Path> files();

    @Override
    void close();
}
