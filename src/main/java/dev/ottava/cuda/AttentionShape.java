package dev.ottava.cuda;

/**
 * What causal attention over BF16 is, all but its addresses: queries [batch, queryLength, heads, headDim] over keys and values [batch, keyLength, kvHeads, headDim], whose sequences lie {@code
 * keyBatchPitch} elements apart. Query i sees keys up to i + keyLength - queryLength.
 *
 * @param scale of the scores; cuDNN computes with it in F32
 */
public record AttentionShape(
        long batch,
        long heads,
        long kvHeads,
        long headDim,
        long queryLength,
        long keyLength,
        long keyBatchPitch,
        float scale) {
    @Override
    public String toString() {
        return batch + " x " + queryLength + (queryLength == keyLength ? "" : " over " + keyLength) + ", " + heads
                + " / " + kvHeads + " heads of " + headDim;
    }
}
