package dev.ottava.nn;

import java.util.Map;
import java.util.TreeMap;

/** The names and shapes of a model's parameters, as Hugging Face has them, in the order of names. */
public final class LlamaParameters {
    private LlamaParameters() {}

    /** Name to shape; weights are [out, in]. A tied language-model head is not a parameter. */
    public static Map<String, long[]> shapes(LlamaConfig config) {
        Map<String, long[]> shapes = new TreeMap<>();
        long hidden = config.hiddenSize();
        long intermediate = config.intermediateSize();
        long query = (long) config.numAttentionHeads() * config.headDim();
        long keyValue = (long) config.numKeyValueHeads() * config.headDim();
        shapes.put("model.embed_tokens.weight", new long[] {config.vocabSize(), hidden});
        shapes.put("model.norm.weight", new long[] {hidden});
        if (!config.tieWordEmbeddings()) {
            shapes.put("lm_head.weight", new long[] {config.vocabSize(), hidden});
        }
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            String prefix = "model.layers." + layer + ".";
            shapes.put(prefix + "input_layernorm.weight", new long[] {hidden});
            shapes.put(prefix + "post_attention_layernorm.weight", new long[] {hidden});
            linear(shapes, prefix + "self_attn.q_proj", query, hidden, config.qkvBias());
            linear(shapes, prefix + "self_attn.k_proj", keyValue, hidden, config.qkvBias());
            linear(shapes, prefix + "self_attn.v_proj", keyValue, hidden, config.qkvBias());
            linear(shapes, prefix + "self_attn.o_proj", hidden, query, config.outputBias());
            linear(shapes, prefix + "mlp.gate_proj", intermediate, hidden, config.mlpBias());
            linear(shapes, prefix + "mlp.up_proj", intermediate, hidden, config.mlpBias());
            linear(shapes, prefix + "mlp.down_proj", hidden, intermediate, config.mlpBias());
        }
        return shapes;
    }

    private static void linear(Map<String, long[]> shapes, String name, long out, long in, boolean bias) {
        shapes.put(name + ".weight", new long[] {out, in});
        if (bias) {
            shapes.put(name + ".bias", new long[] {out});
        }
    }

    /** The number of weights. */
    public static long count(LlamaConfig config) {
        long count = 0;
        for (long[] shape : shapes(config).values()) {
            long size = 1;
            for (long each : shape) {
                size *= each;
            }
            count += size;
        }
        return count;
    }
}
