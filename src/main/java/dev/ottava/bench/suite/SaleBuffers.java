package dev.ottava.bench.suite;

import dev.ottava.bench.Tensors;
import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.BlockMask;
import dev.ottava.kernel.FourBitRows;
import dev.ottava.kernel.Sale;
import dev.ottava.kernel.Sale.Selection;
import java.util.Arrays;

/** A prefill of one prompt by {@link Sale}, step by step, in memory that is allocated once. */
final class SaleBuffers {
    static final double TAU = 0.004;
    static final int LOCAL_KEYS = 128;

    private final PlantedPrompt prompt;
    private final Selection selection;
    private final long length;
    private final double scale;
    private final FourBitRows queries;
    private final FourBitRows keys;
    private final Tensor queryMean;
    private final Tensor keyMean;
    private final Tensor correction;
    private final Tensor tau;
    private final Tensor thresholds;
    private final BlockMask mask;

    SaleBuffers(Tensors tensors, PlantedPrompt prompt, int rowStep) {
        this.prompt = prompt;
        selection = new Selection(LOCAL_KEYS, rowStep);
        length = prompt.q().size(1);
        long heads = prompt.q().size(2);
        long kvHeads = prompt.k().size(2);
        long headDim = prompt.q().size(3);
        scale = 1 / Math.sqrt((double) headDim);
        Arena arena = tensors.device().arena(MemoryPurpose.WORKSPACE);
        queries = tensors.own(FourBitRows.empty(arena, FourBitRows.Kind.QUERIES, 1, heads, length, headDim));
        keys = tensors.own(FourBitRows.empty(arena, FourBitRows.Kind.KEYS, 1, kvHeads, length, headDim));
        queryMean = tensors.empty(DType.F32, 1, heads, headDim);
        keyMean = tensors.empty(DType.F32, 1, kvHeads, headDim);
        correction = tensors.empty(DType.F32, 1, heads, BlockMask.blocks(length) * BlockMask.BLOCK);
        tau = tensors.empty(DType.F32, heads).fill(TAU);
        thresholds = tensors.empty(DType.F32, 1, heads, selection.rows(length));
        mask = tensors.own(BlockMask.empty(arena, 1, heads, length, length));
    }

    void quantize() {
        Sale.mean(keyMean, prompt.k(), length);
        Sale.quantize(keys, prompt.k(), keyMean, 0, length);
        Sale.mean(queryMean, prompt.q(), length);
        Sale.quantize(queries, prompt.q(), queryMean, 0, length);
        Sale.correction(correction, prompt.k(), keyMean, queryMean, length);
    }

    void thresholds() {
        Sale.thresholds(thresholds, prompt.q(), prompt.k(), keyMean, tau, length, selection, scale);
    }

    void select() {
        Sale.select(mask, thresholds, queries, keys, correction, selection);
    }

    void estimate() {
        quantize();
        thresholds();
        select();
    }

    /** {@code blocks} null: over all. */
    void attend(Tensor out, Tensor v, BlockMask blocks) {
        Attention.forward(out, null, prompt.q(), prompt.k(), v, blocks, length, scale);
    }

    BlockMask mask() {
        return mask;
    }

    /** Blocks that the last selection kept, of all heads; on the device that computes nothing, all. */
    long kept() {
        if (mask.bits().device().isMeta()) {
            return StripedMask.causal(length) * mask.bits().size(1);
        }
        try (Tensor counts = mask.bits()
                .device()
                .empty(DType.I32, 1, mask.bits().size(1), mask.bits().size(2))) {
            mask.lists(counts, null);
            return Arrays.stream(counts.toInts()).asLongStream().sum();
        }
    }
}
