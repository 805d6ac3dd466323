package dev.ottava.nn;

import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.BlockMask;
import dev.ottava.kernel.FourBitRows;
import dev.ottava.kernel.Sale;

/** What SALE needs of the queries of one call and one layer to say for any tau which blocks they keep. */
final class SaleEstimate implements AutoCloseable {
    private final Tensor q;
    private final Tensor k;
    private final long keyLength;
    private final SaleKeys keys;
    private final Sale.Selection selection;
    private final Arena workspace;
    private final FourBitRows queries;
    private final Tensor correction;

    /**
     * Quantises the queries.
     *
     * @param q [1, queryLength, heads, headDim], the last of keyLength positions; stays open
     * @param k [1, capacity, kvHeads, headDim], which keys are of; stays open
     */
    SaleEstimate(SaleKeys keys, Tensor q, Tensor k, long keyLength, Sale.Selection selection) {
        this.q = q;
        this.k = k;
        this.keyLength = keyLength;
        this.keys = keys;
        this.selection = selection;
        workspace = q.device().arena(MemoryPurpose.WORKSPACE);
        long length = q.size(1);
        long heads = q.size(2);
        queries = FourBitRows.empty(workspace, FourBitRows.Kind.QUERIES, 1, heads, length, q.size(3));
        correction = workspace.empty(DType.F32, 1, heads, BlockMask.blocks(keyLength) * BlockMask.BLOCK);
        try (Tensor mean = workspace.empty(DType.F32, 1, heads, q.size(3))) {
            Sale.mean(mean, q, length);
            Sale.quantize(queries, q, mean, 0, length);
            Sale.correction(correction, k, keys.mean(), mean, keyLength);
        }
    }

    /**
     * The blocks that are kept. The caller closes the mask.
     *
     * @param tau F32 [heads]
     */
    BlockMask select(Tensor tau) {
        long heads = q.size(2);
        long length = q.size(1);
        BlockMask mask = BlockMask.empty(workspace, 1, heads, length, keyLength);
        try (Tensor thresholds = workspace.empty(DType.F32, 1, heads, selection.rows(length))) {
            double scale = 1 / Math.sqrt((double) q.size(3));
            Sale.thresholds(thresholds, q, k, keys.mean(), tau, keyLength, selection, scale);
            Sale.select(mask, thresholds, queries, keys.codes(), correction, selection);
        }
        return mask;
    }

    @Override
    public void close() {
        queries.close();
        correction.close();
    }
}
