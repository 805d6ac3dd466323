package dev.ottava.cli;

import dev.ottava.hub.Tokenizer;
import java.util.Arrays;

/**
 * Text of tokens as they come. A character may be spread over several tokens, and a tokenizer may treat the first token
 * of a text differently, so everything is decoded each time, and only what later tokens cannot change is handed out.
 */
final class TextStream {
    private static final char INCOMPLETE = '\uFFFD';

    private final Tokenizer tokenizer;
    private int[] ids;
    private int given;

    /** A stream that hands out what follows the prompt. */
    TextStream(Tokenizer tokenizer, int[] promptIds) {
        this.tokenizer = tokenizer;
        this.ids = promptIds.clone();
        this.given = tokenizer.decode(ids).length();
    }

    /** Appends a token, and returns the text that is certain now; often one word, sometimes nothing. */
    String add(int id) {
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = id;
        String text = tokenizer.decode(ids);
        int stable = text.length();
        while (stable > 0 && text.charAt(stable - 1) == INCOMPLETE) {
            stable--;
        }
        return take(text, stable);
    }

    /** What is left at the end, complete or not. */
    String rest() {
        String text = tokenizer.decode(ids);
        return take(text, text.length());
    }

    private String take(String text, int to) {
        if (to <= given) {
            return "";
        }
        String piece = text.substring(given, to);
        given = to;
        return piece;
    }
}
