package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/**
 * Which blocks of 64 queries by 64 keys attention computes, a bit each, for each query head. Queries are counted from the first of a call, keys from the
 * beginning of the sequence.
 *
 * @param bits I32 [batch, heads, queryBlocks, words]: bit J % 32 of word J / 32 stands for keys 64 J to 64 J + 63
 * @param queryLength queries of the call
 * @param keyLength keys, at least as many
 */
public record BlockMask(Tensor bits, long queryLength, long keyLength) implements AutoCloseable {
    /** Queries, and keys, of a block. */
    public static final int BLOCK = 64;

    private static final String NAME = "block_mask";

    /** Checks the tensor. */
    public BlockMask {
        Check.dtype(NAME, "bits", bits, DType.I32);
        Check.shape(NAME, "bits", bits, -1, -1, blocks(queryLength), words(keyLength));
    }

    /** A mask that is not initialised. */
    public static BlockMask empty(Arena arena, long batch, long heads, long queryLength, long keyLength) {
        return new BlockMask(
                arena.empty(DType.I32, batch, heads, blocks(queryLength), words(keyLength)), queryLength, keyLength);
    }

    /** Blocks of 64 that hold so many queries or keys. */
    public static long blocks(long length) {
        return (length + BLOCK - 1) / BLOCK;
    }

    /** Blocks of a head that causal attention computes, those with a key that one of their queries sees. */
    public long causalBlocks() {
        long blocks = 0;
        for (long query = 0; query < queryLength; query += BLOCK) {
            blocks += blocks(Math.min(query + BLOCK, queryLength) + keyLength - queryLength);
        }
        return blocks;
    }

    /** Blocks that each head has, [batch · heads]. */
    public long[] keptBlocks() {
        try (Tensor counts = bits.device()
                .arena(MemoryPurpose.WORKSPACE)
                .empty(DType.I32, bits.size(0), bits.size(1), bits.size(2))) {
            lists(counts, null);
            int[] ofRows = counts.toInts();
            long[] kept = new long[(int) (bits.size(0) * bits.size(1))];
            for (int row = 0; row < ofRows.length; row++) {
                kept[(int) (row / bits.size(2))] += ofRows[row];
            }
            return kept;
        }
    }

    private static long words(long keyLength) {
        return (blocks(keyLength) + 31) / 32;
    }

    /**
     * The same as lists, made on the device.
     *
     * @param counts I32 [batch, heads, queryBlocks]: how many blocks each block of queries has
     * @param indices I32 [batch, heads, queryBlocks, keyBlocks]: which, ascending; what is behind them is not touched. May be null
     */
    public void lists(Tensor counts, Tensor indices) {
        Check.dtype(NAME, "counts", counts, DType.I32);
        Check.shape(NAME, "counts", counts, bits.size(0), bits.size(1), bits.size(2));
        Check.device(NAME, bits, counts);
        if (indices != null) {
            Check.dtype(NAME, "indices", indices, DType.I32);
            Check.shape(NAME, "indices", indices, bits.size(0), bits.size(1), bits.size(2), blocks(keyLength));
            Check.device(NAME, bits, indices);
        }
        Status.check(Native.ottava_block_lists(
                bits.device().stream(),
                counts.address(),
                Check.address(indices),
                bits.address(),
                counts.count(),
                blocks(keyLength)));
    }

    @Override
    public void close() {
        bits.close();
    }
}
