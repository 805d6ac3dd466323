package dev.ottava.hub;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.UnsupportedException;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.RopeConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads {@code config.json}. Keys that are not there have the defaults of transformers, save the five sizes that every
 * configuration has. Keys that change what the model computes, in a way that is not implemented, are refused; those
 * that change nothing here are not read.
 */
final class ConfigReader {
    private static final Map<String, String> FAMILIES =
            Map.of("LlamaForCausalLM", "llama", "Qwen2ForCausalLM", "qwen2");

    /** Keys of models with experts. */
    private static final List<String> EXPERTS =
            List.of("num_experts", "num_local_experts", "n_routed_experts", "num_experts_per_tok");

    private static final Set<String> SILU = Set.of("silu", "swish");

    private final JsonObject json;

    private ConfigReader(JsonObject json) {
        this.json = json;
    }

    /**
     * Reads a file.
     *
     * @throws InvalidArgumentException if it is broken
     * @throws UnsupportedException if the model would use something that is not implemented
     */
    static LlamaConfig read(Path file) {
        return read(Json.read(file));
    }

    static LlamaConfig read(JsonObject json) {
        return new ConfigReader(json).read();
    }

    private LlamaConfig read() {
        String family = family();
        boolean llama = family.equals("llama");
        int layers = json.integer("num_hidden_layers");
        int positions = json.integer("max_position_embeddings", llama ? 2048 : 32768);
        refuseUnsupported();
        refuseSlidingWindow(llama, layers, positions);
        int vocabulary = json.integer("vocab_size");
        int hidden = json.integer("hidden_size");
        int intermediate = json.integer("intermediate_size");
        int heads = json.integer("num_attention_heads");
        int keyValueHeads = json.has("num_key_value_heads") ? json.integer("num_key_value_heads") : heads;
        int headDim = json.has("head_dim") ? json.integer("head_dim") : headDim(hidden, heads);
        double epsilon = rmsNormEps();
        RopeConfig rope = RopeReader.read(json);
        boolean tied = json.flag("tie_word_embeddings", false);
        boolean attentionBias = llama && json.flag("attention_bias", false);
        boolean mlpBias = llama && json.flag("mlp_bias", false);
        int bos = json.firstInteger("bos_token_id", llama ? 1 : -1);
        int eos = json.firstInteger("eos_token_id", llama ? 2 : -1);
        try {
            return new LlamaConfig(
                    family,
                    vocabulary,
                    hidden,
                    intermediate,
                    layers,
                    heads,
                    keyValueHeads,
                    headDim,
                    positions,
                    epsilon,
                    rope,
                    tied,
                    !llama || attentionBias,
                    attentionBias,
                    mlpBias,
                    bos,
                    eos);
        } catch (InvalidArgumentException e) {
            throw new InvalidArgumentException(json.where() + ": " + e.getMessage());
        }
    }

    /** {@code model_type}, or what {@code architectures} says in its place; they may not contradict each other. */
    private String family() {
        List<String> architectures = json.texts("architectures");
        String family = json.has("model_type") ? json.text("model_type") : null;
        for (Map.Entry<String, String> known : FAMILIES.entrySet()) {
            boolean named = architectures.stream().anyMatch(known.getKey()::equalsIgnoreCase);
            if (named && family == null) {
                return known.getValue();
            }
            if (known.getValue().equals(family) && (named || architectures.isEmpty())) {
                return family;
            }
        }
        if (family == null && architectures.isEmpty()) {
            throw new InvalidArgumentException(json.where() + ": model_type is missing: it must be llama or qwen2");
        }
        throw unsupported("model_type " + family + " with architectures " + architectures
                + ": llama (LlamaForCausalLM) and qwen2 (Qwen2ForCausalLM) are");
    }

    private int headDim(int hidden, int heads) {
        if (heads <= 0 || hidden % heads != 0) {
            throw new InvalidArgumentException(json.where() + ": hidden_size " + hidden
                    + " is not a multiple of num_attention_heads " + heads + ", and there is no head_dim");
        }
        return hidden / heads;
    }

    private double rmsNormEps() {
        double epsilon = json.number("rms_norm_eps", 1e-6);
        if (epsilon < 0 || epsilon > 1) {
            throw json.wrong("rms_norm_eps", "between 0 and 1");
        }
        return epsilon;
    }

    private void refuseUnsupported() {
        String activation = json.text("hidden_act", "silu");
        if (!SILU.contains(activation)) {
            throw unsupported("hidden_act " + Messages.line(activation) + ": silu is");
        }
        if (json.has("attention_dropout") && json.number("attention_dropout") > 0) {
            throw unsupported("attention_dropout " + json.number("attention_dropout") + ": set it to 0");
        }
        for (String key : EXPERTS) {
            if (json.has(key) && json.integer(key) > 0) {
                throw unsupported("experts (" + key + " " + json.integer(key) + ")");
            }
        }
        if (json.has("quantization_config")) {
            QuantizationConfig.check(json.object("quantization_config"));
        }
    }

    /**
     * Qwen2 has one from layer {@code max_window_layers} on; it is idle while it is as long as the model's positions.
     */
    private void refuseSlidingWindow(boolean llama, int layers, int positions) {
        List<String> layerTypes = json.texts("layer_types");
        for (String type : layerTypes) {
            if (!type.equals("full_attention")) {
                throw unsupported("layer_types with " + Messages.line(type) + ": full_attention is");
            }
        }
        boolean asked = !llama && layerTypes.isEmpty() && json.flag("use_sliding_window", false);
        boolean none = json.isNull("sliding_window");
        if (asked && !none) {
            int window = json.integer("sliding_window", 4096);
            if (window < positions && json.integer("max_window_layers", 28) < layers) {
                throw unsupported("use_sliding_window with sliding_window " + window + " below max_position_embeddings "
                        + positions + ": full attention is");
            }
        }
    }

    private UnsupportedException unsupported(String what) {
        return new UnsupportedException(json.where() + ": not implemented: " + what);
    }
}
