package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/**
 * Which blocks of attention matter, from an estimate of its scores in 4 bits (SALE, arXiv 2505.24179). The definition is in
 * {@code native/include/ottava/sparse_attention.h}, the formats and reasons in {@code docs/sale.md}. In the order of a prefill: {@link #mean} and
 * {@link #quantize} of keys and queries, {@link #correction}, {@link #thresholds}, {@link #select}; then {@link Attention#forward} with the mask.
 *
 * <p>Queries are [batch, queryLength, heads, headDim], the last of {@code keyLength} positions; keys [batch, capacity, kvHeads, headDim]. BF16, on cpu F32
 * too; headDim 64 or 128. Means are F32 [batch, heads, headDim].
 */
public final class Sale {
    private Sale() {}

    /**
     * What is estimated, and what is kept whatever the estimate.
     *
     * @param localKeys at least so many of the last keys that a query sees are kept, by whole blocks
     * @param rowStep queries 0, rowStep, 2 rowStep, ... of the call are estimated: 1, 2, 4 or 8
     */
    public record Selection(long localKeys, int rowStep) {
        /** Thresholds that so many queries have. */
        public long rows(long queryLength) {
            return (queryLength + rowStep - 1) / rowStep;
        }
    }

    /** The mean of the first {@code length} rows of x, for each head and channel. */
    public static void mean(Tensor mean, Tensor x, long length) {
        DType dtype = rows("sale_mean", x, length);
        means("sale_mean", "mean", mean, x, x.size(2));
        Status.check(Native.ottava_sale_mean(
                x.device().stream(),
                dtype.code(),
                mean.address(),
                x.address(),
                x.size(0),
                x.size(2),
                x.size(3),
                length,
                x.size(1) * x.size(2) * x.size(3)));
    }

    /**
     * Makes rows first to length - 1 of x - mean into 4 bits. Rows that share a scale with later ones have to be made again with them: {@code first} is a
     * multiple of 32.
     */
    public static void quantize(FourBitRows to, Tensor x, Tensor mean, long first, long length) {
        DType dtype = rows("sale_quantize", x, length);
        means("sale_quantize", "mean", mean, x, x.size(2));
        Check.shape("sale_quantize", "codes", to.codes(), x.size(0), x.size(2), -1, x.size(3) / 8);
        Check.device("sale_quantize", x, to.codes());
        Status.check(Native.ottava_sale_quantize(
                x.device().stream(),
                to.kind().code(),
                to.codes().address(),
                to.scales().address(),
                dtype.code(),
                x.address(),
                mean.address(),
                x.size(0),
                x.size(2),
                x.size(3),
                first,
                length,
                to.capacity(),
                x.size(1) * x.size(2) * x.size(3)));
    }

    /**
     * What subtracting the mean of the queries takes from the scores: {@code queryMean · (k - keyMean)}.
     *
     * @param correction F32 [batch, heads, 64 · {@link BlockMask#blocks}(keyLength)]; what is behind keyLength is not touched
     */
    public static void correction(Tensor correction, Tensor k, Tensor keyMean, Tensor queryMean, long keyLength) {
        String operation = "sale_correction";
        DType dtype = rows(operation, k, keyLength);
        means(operation, "keyMean", keyMean, k, k.size(2));
        Check.shape(operation, "queryMean", queryMean, k.size(0), -1, k.size(3));
        Check.dtype(operation, "queryMean", queryMean, DType.F32);
        Check.dtype(operation, "correction", correction, DType.F32);
        Check.shape(
                operation,
                "correction",
                correction,
                k.size(0),
                queryMean.size(1),
                BlockMask.blocks(keyLength) * BlockMask.BLOCK);
        Check.device(operation, k, queryMean, correction);
        Status.check(Native.ottava_sale_correction(
                k.device().stream(),
                correction.address(),
                dtype.code(),
                k.address(),
                keyMean.address(),
                queryMean.address(),
                k.size(0),
                queryMean.size(1),
                k.size(2),
                k.size(3),
                keyLength,
                k.size(1) * k.size(2) * k.size(3)));
    }

    /**
     * The score above which an estimate keeps its block, from exact scores of sink and local keys.
     *
     * @param thresholds F32 [batch, heads, {@link Selection#rows}(queryLength)]
     * @param tau F32 [heads]; below 1e-5 the head is dense
     */
    public static void thresholds(
            Tensor thresholds,
            Tensor q,
            Tensor k,
            Tensor keyMean,
            Tensor tau,
            long keyLength,
            Selection selection,
            double scale) {
        String operation = "sale_thresholds";
        DType dtype = rows(operation, k, keyLength);
        Check.floating(operation, k, q);
        means(operation, "keyMean", keyMean, k, k.size(2));
        Check.shape(operation, "q", q, k.size(0), -1, -1, k.size(3));
        Check.dtype(operation, "tau", tau, DType.F32);
        Check.shape(operation, "tau", tau, q.size(2));
        Check.dtype(operation, "thresholds", thresholds, DType.F32);
        Check.shape(operation, "thresholds", thresholds, q.size(0), q.size(2), selection.rows(q.size(1)));
        Check.device(operation, k, q, tau, thresholds);
        Status.check(Native.ottava_sale_thresholds(
                k.device().stream(),
                thresholds.address(),
                dtype.code(),
                q.address(),
                k.address(),
                keyMean.address(),
                tau.address(),
                q.size(0),
                q.size(2),
                k.size(2),
                q.size(3),
                q.size(1),
                keyLength,
                k.size(1) * k.size(2) * k.size(3),
                selection.localKeys(),
                selection.rowStep(),
                scale));
    }

    /** The blocks that are sink, or local, or have an estimate above the threshold of its query. */
    public static void select(
            BlockMask blocks,
            Tensor thresholds,
            FourBitRows queries,
            FourBitRows keys,
            Tensor correction,
            Selection selection) {
        String operation = "sale_select";
        Check.that(
                queries.kind() == FourBitRows.Kind.QUERIES && keys.kind() == FourBitRows.Kind.KEYS,
                operation,
                "queries are of " + queries.kind() + ", keys of " + keys.kind());
        long batch = queries.codes().size(0);
        long queryLength = blocks.queryLength();
        Check.shape(operation, "blocks", blocks.bits(), batch, queries.heads(), -1, -1);
        Check.shape(operation, "codes of queries", queries.codes(), batch, -1, queryLength, queries.headDim() / 8);
        Check.shape(operation, "codes of keys", keys.codes(), batch, -1, -1, queries.headDim() / 8);
        Check.dtype(operation, "thresholds", thresholds, DType.F32);
        Check.shape(operation, "thresholds", thresholds, batch, queries.heads(), selection.rows(queryLength));
        Check.dtype(operation, "correction", correction, DType.F32);
        Check.shape(
                operation,
                "correction",
                correction,
                batch,
                queries.heads(),
                BlockMask.blocks(blocks.keyLength()) * BlockMask.BLOCK);
        Check.device(operation, blocks.bits(), thresholds, queries.codes(), keys.codes(), correction);
        Status.check(Native.ottava_sale_select(
                blocks.bits().device().stream(),
                blocks.bits().address(),
                thresholds.address(),
                queries.codes().address(),
                queries.scales().address(),
                keys.codes().address(),
                keys.scales().address(),
                correction.address(),
                batch,
                queries.heads(),
                keys.heads(),
                queries.headDim(),
                queryLength,
                blocks.keyLength(),
                keys.capacity(),
                selection.localKeys(),
                selection.rowStep()));
    }

    private static DType rows(String operation, Tensor x, long length) {
        DType dtype = Check.floating(operation, x);
        Check.shape(operation, "a tensor", x, -1, -1, -1, -1);
        Check.that(length <= x.size(1), operation, "length " + length + " is more than the capacity of " + x.size(1));
        return dtype;
    }

    private static void means(String operation, String name, Tensor mean, Tensor x, long heads) {
        Check.dtype(operation, name, mean, DType.F32);
        Check.shape(operation, name, mean, x.size(0), heads, x.size(3));
        Check.device(operation, x, mean);
    }
}
