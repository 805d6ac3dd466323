package dev.ottava.hub;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.UnsupportedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A {@code tokenizer.json}, run by Hugging Face's own tokenizers library, which comes with the optional jar {@code
 * ai.djl.huggingface:tokenizers}.
 */
public final class HuggingFaceTokenizer implements Tokenizer {
    static final String FILE = "tokenizer.json";

    /** What belongs to a tokenizer or tells how text is generated with it. */
    private static final List<String> FILES = List.of(
            FILE,
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.jinja",
            "vocab.json",
            "merges.txt",
            "generation_config.json");

    private final Path file;
    private final int vocabSize;
    private final ai.djl.huggingface.tokenizers.HuggingFaceTokenizer tokenizer;

    private HuggingFaceTokenizer(
            Path file, int vocabSize, ai.djl.huggingface.tokenizers.HuggingFaceTokenizer tokenizer) {
        this.file = file;
        this.vocabSize = vocabSize;
        this.tokenizer = tokenizer;
    }

    /**
     * Opens a tokenizer.
     *
     * @throws InvalidArgumentException if the file is missing or broken
     * @throws UnsupportedException if the jar is not on the class path, or has no library for this machine
     */
    public static HuggingFaceTokenizer open(Path tokenizerJson) {
        int vocabSize = TokenizerVocabulary.size(tokenizerJson);
        if (System.getenv("RUST_FLAVOR") == null && System.getProperty("RUST_FLAVOR") == null) {
            System.setProperty("RUST_FLAVOR", "cpu"); // otherwise it downloads another library where there is a GPU
        }
        try {
            // Without the options the library cuts texts after 512 tokens.
            return new HuggingFaceTokenizer(
                    tokenizerJson,
                    vocabSize,
                    ai.djl.huggingface.tokenizers.HuggingFaceTokenizer.newInstance(
                            tokenizerJson, Map.of("truncation", "false", "padding", "false")));
        } catch (LinkageError e) {
            throw new UnsupportedException(
                    "text needs the jar ai.djl.huggingface:tokenizers on the class path, with a library for "
                            + "this machine: " + Messages.line(String.valueOf(e.getMessage())));
        } catch (IOException | RuntimeException e) {
            throw new InvalidArgumentException(
                    tokenizerJson + " cannot be read as a tokenizer: " + Messages.line(String.valueOf(e.getMessage())));
        }
    }

    @Override
    public int[] encode(String text, boolean addSpecialTokens) {
        return Arrays.stream(tokenizer
                        .encode(wellFormed(text), addSpecialTokens, false)
                        .getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    @Override
    public String decode(int[] ids) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), false);
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public List<Path> files() {
        return Stream.concat(
                        Stream.of(file),
                        FILES.stream().filter(name -> !name.equals(FILE)).map(file::resolveSibling))
                .filter(Files::exists)
                .toList();
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    /** Half of a surrogate pair is no text; the library would fail on it. */
    private static String wellFormed(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }
}
