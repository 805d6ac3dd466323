package dev.ottava.autograd;

/**
 * What the operations of a layer save for the backward pass, and in which form. Each layer of a model may have its own.
 *
 * @param norms inputs of RMSNorm, which are the residual stream
 * @param attention queries, keys, values and output of attention
 * @param gates gate and up of the gated activation
 * @param operands inputs of linear layers. Where products take FP8, the transposed codes are saved, unless this is {@link Saving#AGAIN}
 * @param recompute save only the input of the layer, as it is, and run the layer once more, under this policy, for the backward pass (Chen et al., 2016)
 */
public record SavingPolicy(Saving norms, Saving attention, Saving gates, Saving operands, boolean recompute) {
    /** Everything as it was computed. */
    public static final SavingPolicy AS_COMPUTED =
            new SavingPolicy(Saving.AS_COMPUTED, Saving.AS_COMPUTED, Saving.AS_COMPUTED, Saving.AS_COMPUTED, false);

    /** COAT (Xi et al., 2024, section 5), for models whose linear layers compute in FP8; their operands are made again rather than saved. */
    public static final SavingPolicy COAT =
            new SavingPolicy(Saving.FP8, Saving.AS_COMPUTED, Saving.FP8, Saving.AGAIN, false);

    /** This policy inside a layer that is computed again. */
    public SavingPolicy recomputed() {
        return new SavingPolicy(norms, attention, gates, operands, true);
    }
}
