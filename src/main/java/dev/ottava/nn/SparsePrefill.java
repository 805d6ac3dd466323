package dev.ottava.nn;

import dev.ottava.kernel.BlockMask;
import java.util.Arrays;
import java.util.List;

/**
 * What a prefill by SALE made, and which blocks of attention it computed.
 *
 * @param logits that follow the last token, [vocabulary]
 * @param masks of the layers, I32 bits [1, heads, queryBlocks, words]; they are closed with this
 */
public record SparsePrefill(float[] logits, List<BlockMask> masks) implements AutoCloseable {
    /** Blocks that each head of a layer computed. */
    public long[] keptBlocks(int layer) {
        return masks.get(layer).keptBlocks();
    }

    /** Blocks that a head would compute if it were dense. */
    public long causalBlocks() {
        return masks.get(0).causalBlocks();
    }

    /** Kept of causal blocks, [layers][heads]. */
    public double[][] keptFractions() {
        double causal = causalBlocks();
        return masks.stream()
                .map(mask -> Arrays.stream(mask.keptBlocks())
                        .mapToDouble(kept -> kept / causal)
                        .toArray())
                .toArray(double[][]::new);
    }

    @Override
    public void close() {
        masks.forEach(BlockMask::close);
    }
}
