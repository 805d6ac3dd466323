package dev.ottava.nn;

import dev.ottava.core.InvalidArgumentException;

/**
 * The shape of a Llama or Qwen2 model, in the words of Hugging Face's {@code config.json}.
 *
 * @param family {@code llama} or {@code qwen2}
 * @param qkvBias whether the query, key and value projections have a bias (always in Qwen2; {@code attention_bias} in Llama)
 * @param outputBias whether the output projection has one ({@code attention_bias} in Llama)
 * @param mlpBias whether the projections of the feed-forward layer have one
 * @param bosTokenId -1 if there is none
 * @param eosTokenId -1 if there is none; the first, if there are several
 */
public record LlamaConfig(
        String family,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        int maxPositionEmbeddings,
        double rmsNormEps,
        RopeConfig rope,
        boolean tieWordEmbeddings,
        boolean qkvBias,
        boolean outputBias,
        boolean mlpBias,
        int bosTokenId,
        int eosTokenId) {
    public LlamaConfig {
        positive("vocab_size", vocabSize);
        positive("hidden_size", hiddenSize);
        positive("intermediate_size", intermediateSize);
        positive("num_hidden_layers", numHiddenLayers);
        positive("num_attention_heads", numAttentionHeads);
        positive("num_key_value_heads", numKeyValueHeads);
        positive("max_position_embeddings", maxPositionEmbeddings);
        if (headDim <= 0 || headDim % 16 != 0 || headDim > 128) {
            throw new InvalidArgumentException(
                    "head_dim is " + headDim + ": attention takes multiples of 16 up to 128");
        }
        if (numAttentionHeads % numKeyValueHeads != 0) {
            throw new InvalidArgumentException("num_attention_heads " + numAttentionHeads
                    + " is not a multiple of num_key_value_heads " + numKeyValueHeads);
        }
        if (!(rmsNormEps >= 0) || !(rope.theta() > 0)) {
            throw new InvalidArgumentException("rms_norm_eps is " + rmsNormEps + " and rope_theta " + rope.theta()
                    + ": neither may be negative or NaN");
        }
    }

    /** A Llama without biases, with a head of its own and the rotary embedding of Llama 2. {@code bosTokenId} and {@code eosTokenId} may be -1. */
    public static LlamaConfig llama(
            int vocabSize,
            int hiddenSize,
            int intermediateSize,
            int numHiddenLayers,
            int numAttentionHeads,
            int numKeyValueHeads,
            int maxPositionEmbeddings,
            int bosTokenId,
            int eosTokenId) {
        return new LlamaConfig(
                "llama",
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numAttentionHeads,
                numKeyValueHeads,
                hiddenSize / numAttentionHeads,
                maxPositionEmbeddings,
                1e-5,
                new RopeConfig(10000, null),
                false,
                false,
                false,
                false,
                bosTokenId,
                eosTokenId);
    }

    private static void positive(String name, int value) {
        if (value <= 0) {
            throw new InvalidArgumentException(name + " is " + value + ": it must be positive");
        }
    }
}
