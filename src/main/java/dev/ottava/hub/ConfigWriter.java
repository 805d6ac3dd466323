package dev.ottava.hub;

import dev.ottava.core.DType;
import dev.ottava.core.UnsupportedException;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.RopeConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The content of {@code config.json} and {@code generation_config.json} as transformers reads them, in the keys that
 * both its versions 4 and 5 know.
 */
final class ConfigWriter {
    private ConfigWriter() {}

    /**
     * {@code config.json} of a model.
     *
     * @param dtype of the weights beside it, save those in FP8
     * @param fp8 whether the matrices of linear layers are in FP8, with a scale for each block of 128 by 128
     */
    static Map<String, Object> config(LlamaConfig config, DType dtype, boolean fp8) {
        boolean llama = config.family().equals("llama");
        boolean biases = llama
                ? config.qkvBias() == config.outputBias()
                : config.qkvBias() && !config.outputBias() && !config.mlpBias();
        if (!biases) {
            throw new UnsupportedException(
                    "config.json of " + config.family() + " cannot say where this model has biases");
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("architectures", List.of(llama ? "LlamaForCausalLM" : "Qwen2ForCausalLM"));
        json.put("model_type", config.family());
        json.put("vocab_size", config.vocabSize());
        json.put("hidden_size", config.hiddenSize());
        json.put("intermediate_size", config.intermediateSize());
        json.put("num_hidden_layers", config.numHiddenLayers());
        json.put("num_attention_heads", config.numAttentionHeads());
        json.put("num_key_value_heads", config.numKeyValueHeads());
        json.put("head_dim", config.headDim());
        json.put("max_position_embeddings", config.maxPositionEmbeddings());
        json.put("hidden_act", "silu");
        json.put("rms_norm_eps", config.rmsNormEps());
        json.put("rope_theta", config.rope().theta());
        json.put("rope_scaling", scaling(config.rope().llama3()));
        json.put("tie_word_embeddings", config.tieWordEmbeddings());
        json.put("attention_dropout", 0.0);
        if (llama) {
            json.put("attention_bias", config.qkvBias());
            json.put("mlp_bias", config.mlpBias());
        } else {
            json.put("use_sliding_window", false);
        }
        json.put("use_cache", true);
        json.put("torch_dtype", dtype == DType.BF16 ? "bfloat16" : "float32");
        if (fp8) {
            json.put("quantization_config", QuantizationConfig.of());
        }
        json.putAll(generationConfig(config));
        return json;
    }

    private static Map<String, Object> scaling(RopeConfig.Llama3Scaling llama3) {
        if (llama3 == null) {
            return null;
        }
        Map<String, Object> scaling = new LinkedHashMap<>();
        scaling.put("rope_type", "llama3");
        scaling.put("factor", llama3.factor());
        scaling.put("low_freq_factor", llama3.lowFrequencyFactor());
        scaling.put("high_freq_factor", llama3.highFrequencyFactor());
        scaling.put("original_max_position_embeddings", llama3.originalMaxPositions());
        return scaling;
    }

    /**
     * Which tokens begin and end a text. None is null and not left out: transformers would take its default instead.
     */
    static Map<String, Object> generationConfig(LlamaConfig config) {
        Map<String, Object> tokens = new LinkedHashMap<>();
        tokens.put("bos_token_id", config.bosTokenId() < 0 ? null : config.bosTokenId());
        tokens.put("eos_token_id", config.eosTokenId() < 0 ? null : config.eosTokenId());
        return tokens;
    }
}
