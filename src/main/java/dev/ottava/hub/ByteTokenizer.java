package dev.ottava.hub;

import dev.ottava.core.OttavaException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A tokenizer for training from scratch: every byte of UTF-8 is a token whose id is its value, and four special tokens
 * follow. As a {@code tokenizer.json} it is byte-level BPE (Radford et al. 2019, section 2.2) without merges, which
 * every reader of that format runs.
 */
public final class ByteTokenizer {
    /** Id of {@code <s>}, which encoding with special tokens puts in front. */
    public static final int BOS_ID = 256;
    /** Id of {@code </s>}. */
    public static final int EOS_ID = 257;
    /** Id of {@code <pad>}. */
    public static final int PAD_ID = 258;
    /** 256 bytes, the three tokens above, and a spare one that makes the number a multiple of four. */
    public static final int VOCAB_SIZE = 260;

    private static final List<String> SPECIAL_TOKENS = List.of("<s>", "</s>", "<pad>", "<reserved>");
    private static final String BOS = SPECIAL_TOKENS.get(0);

    private ByteTokenizer() {}

    /**
     * Writes {@code tokenizer.json} and {@code tokenizer_config.json} to a folder, which is made if it is not there.
     */
    public static void write(Path folder) {
        try (StagedFiles staged = new StagedFiles(folder)) {
            Json.write(staged.file("tokenizer_config.json"), tokenizerConfig());
            Json.write(staged.file(HuggingFaceTokenizer.FILE), tokenizer());
            staged.commit();
        } catch (IOException e) {
            throw new OttavaException(folder + " cannot be written: " + Messages.reason(e), e);
        }
    }

    private static Map<String, Object> tokenizer() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("truncation", null);
        json.put("padding", null);
        json.put(
                "added_tokens",
                IntStream.range(0, SPECIAL_TOKENS.size())
                        .mapToObj(ByteTokenizer::addedToken)
                        .toList());
        json.put("normalizer", null);
        json.put("pre_tokenizer", byteLevel());
        json.put("post_processor", beginningOfText());
        json.put("decoder", byteLevel());
        json.put("model", model());
        return json;
    }

    private static Map<String, Object> addedToken(int index) {
        Map<String, Object> token = new LinkedHashMap<>();
        token.put("id", BOS_ID + index);
        token.put("content", SPECIAL_TOKENS.get(index));
        for (String option : List.of("single_word", "lstrip", "rstrip", "normalized")) {
            token.put(option, false);
        }
        token.put("special", true);
        return token;
    }

    /** Without the regular expression, which splits a text into words for the sake of merges. */
    private static Map<String, Object> byteLevel() {
        return Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", false);
    }

    private static Map<String, Object> beginningOfText() {
        Map<String, Object> bos = Map.of("SpecialToken", Map.of("id", BOS, "type_id", 0));
        Map<String, Object> first = Map.of("Sequence", Map.of("id", "A", "type_id", 0));
        Map<String, Object> second = Map.of("Sequence", Map.of("id", "B", "type_id", 1));
        return Map.of(
                "type", "TemplateProcessing",
                "single", List.of(bos, first),
                "pair", List.of(bos, first, second),
                "special_tokens", Map.of(BOS, Map.of("id", BOS, "ids", List.of(BOS_ID), "tokens", List.of(BOS))));
    }

    private static Map<String, Object> model() {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        int unprintable = 0;
        for (int value = 0; value < 256; value++) {
            boolean printable = (value > ' ' && value < 0x7f) || (value > 0xa0 && value != 0xad);
            int character = printable ? value : 256 + unprintable++; // the alphabet of byte-level BPE
            vocabulary.put(Character.toString(character), value);
        }
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("dropout", null);
        model.put("unk_token", null);
        model.put("continuing_subword_prefix", null);
        model.put("end_of_word_suffix", null);
        model.put("fuse_unk", false);
        model.put("byte_fallback", false);
        model.put("vocab", vocabulary);
        model.put("merges", List.of());
        return model;
    }

    private static Map<String, Object> tokenizerConfig() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("tokenizer_class", "PreTrainedTokenizerFast");
        json.put("bos_token", BOS);
        json.put("eos_token", SPECIAL_TOKENS.get(1));
        json.put("pad_token", SPECIAL_TOKENS.get(2));
        json.put("clean_up_tokenization_spaces", false);
        return json;
    }
}
