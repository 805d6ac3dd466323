package dev.ottava.nn;

import dev.ottava.core.InvalidArgumentException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Models for training from scratch on bytes: 256 byte tokens and four special ones. Those of 30 and 65 billion weights have the shapes of LLaMA, 32000 tokens too. */
public final class Presets {
    /** Byte tokens, and the special tokens of the byte-level tokenizer. */
    public static final int BYTE_VOCAB_SIZE = 260;

    private static final Map<String, LlamaConfig> PRESETS = new TreeMap<>(Map.of(
            "tiny-600k", preset(BYTE_VOCAB_SIZE, 128, 352, 3, 4, 2),
            "demo-3m", preset(BYTE_VOCAB_SIZE, 256, 688, 4, 4, 4),
            "llama-15m", preset(BYTE_VOCAB_SIZE, 384, 1024, 8, 6, 6),
            "llama-25m", preset(BYTE_VOCAB_SIZE, 512, 1376, 8, 8, 4),
            "llama-110m", preset(BYTE_VOCAB_SIZE, 768, 2048, 16, 12, 12),
            "llama-30b", preset(32000, 6656, 17920, 60, 52, 52),
            "llama-65b", preset(32000, 8192, 22016, 80, 64, 64)));

    private Presets() {}

    public static List<String> names() {
        return List.copyOf(PRESETS.keySet());
    }

    /** The preset of that name. */
    public static LlamaConfig named(String name) {
        LlamaConfig preset = PRESETS.get(name);
        if (preset == null) {
            throw new InvalidArgumentException("there is no preset '" + name + "': " + String.join(", ", names()));
        }
        return preset;
    }

    private static LlamaConfig preset(
            int vocabulary, int hidden, int intermediate, int layers, int heads, int keyValueHeads) {
        return LlamaConfig.llama(vocabulary, hidden, intermediate, layers, heads, keyValueHeads, 2048, 256, 257);
    }
}
