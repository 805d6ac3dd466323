package dev.ottava.bench.suite;

import dev.ottava.bench.Tensors;
import dev.ottava.kernel.BlockMask;
import java.util.SplittableRandom;

/**
 * A mask as prompts of text have it, with a given part of the causal blocks: sink and local blocks, and of the others half in vertical stripes, the same keys for all
 * queries of a head, and half at random. No part is below that of sink and local.
 *
 * @param kept blocks that it has, of all heads
 */
record StripedMask(BlockMask mask, long kept) {
    private static final int WORDS = 1 << 12;

    /** Of {@code length} queries and keys, a multiple of 64; local are the block of the query and {@code localBlocks} before it. */
    static StripedMask of(Tensors tensors, int heads, int length, int localBlocks, double part) {
        int blocks = length / BlockMask.BLOCK;
        int words = (blocks + 31) / 32;
        SplittableRandom random = new SplittableRandom(length);
        // Both halves together leave out as many as are to be left out.
        double half = 1 - Math.sqrt(1 - share(blocks, localBlocks, part));
        int[] scattered = new int[WORDS];
        for (int i = 0; i < WORDS; i++) {
            scattered[i] = word(random, half);
        }
        int[] bits = new int[heads * blocks * words];
        long kept = 0;
        for (int head = 0; head < heads; head++) {
            int[] stripes = new int[words];
            for (int word = 0; word < words; word++) {
                stripes[word] = word(random, half);
            }
            for (int row = 0; row < blocks; row++) {
                for (int word = 0; word <= row / 32; word++) {
                    int set = stripes[word] | scattered[random.nextInt(WORDS)];
                    set |= word == 0 ? 1 : 0;
                    set |= upTo(row - 32 * word) & ~upTo(row - localBlocks - 1 - 32 * word);
                    set &= upTo(row - 32 * word);
                    bits[(head * blocks + row) * words + word] = set;
                    kept += Integer.bitCount(set);
                }
            }
        }
        BlockMask mask =
                new BlockMask(tensors.own(tensors.device().tensor(bits, 1, heads, blocks, words)), length, length);
        return new StripedMask(mask, kept);
    }

    /** Causal blocks of a head. */
    static long causal(long length) {
        long blocks = length / BlockMask.BLOCK;
        return blocks * (blocks + 1) / 2;
    }

    /** Pairs of query and key in {@code kept} blocks of {@code heads} heads, those on the diagonal among them. */
    static double pairs(long kept, long heads, long length) {
        double square = (double) BlockMask.BLOCK * BlockMask.BLOCK;
        return kept * square - heads * (length / BlockMask.BLOCK) * (square - BlockMask.BLOCK) / 2;
    }

    /** Which share of the blocks that are neither sink nor local makes up the part. */
    static double share(int blocks, int localBlocks, double part) {
        double always = 0;
        for (int row = 0; row < blocks; row++) {
            always += Math.min(row + 1, localBlocks + 2);
        }
        double all = blocks * (blocks + 1) / 2.0;
        return all == always ? 0 : Math.max(0, Math.min(1, (part * all - always) / (all - always)));
    }

    private static int word(SplittableRandom random, double share) {
        int word = 0;
        for (int bit = 0; bit < 32; bit++) {
            word |= random.nextDouble() < share ? 1 << bit : 0;
        }
        return word;
    }

    /** Bits 0 to last, of which there may be none or more than a word has. */
    private static int upTo(int last) {
        return last < 0 ? 0 : last >= 31 ? -1 : (1 << (last + 1)) - 1;
    }
}
