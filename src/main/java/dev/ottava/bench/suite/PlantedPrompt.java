package dev.ottava.bench.suite;

import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.BlockMask;
import java.util.SplittableRandom;

/**
 * Queries and keys of a prompt whose attention is where it was planted. A block of 64 keys is about one of {@value #TOPICS} topics, other ones for each key head, and a
 * block of 64 queries wants some of them, other ones for each head: each topic is a direction, and a query and a key of one topic have the score
 * {@value #TOPIC_SCORE}, others 0, with noise of about 0.4. All queries want the first keys besides, with a score of {@value #SINK_SCORE}: the sink that models have.
 * So the estimate with tau 0.004 keeps the blocks of wanted topics, sink and local, and how many are wanted is chosen so that these are about the part that is asked for.
 *
 * @param q [1, length, heads, headDim]
 * @param k [1, length, kvHeads, headDim]
 */
record PlantedPrompt(Tensor q, Tensor k) {
    static final int TOPICS = 32;
    private static final double TOPIC_SCORE = 5.5;
    private static final double SINK_SCORE = 7;
    private static final int SINK_KEYS = 4;
    private static final double NOISE = 0.25;
    private static final int SINK_DIRECTION = TOPICS + 8;

    /** Blocks are copies of so many that differ: those of a long prompt would take minutes to make. */
    private static final int PATTERNS = 2 * TOPICS;

    /**
     * A prompt.
     *
     * @param length a multiple of 64
     * @param part of the causal blocks that is to be kept; what is sink or local is, however small the part
     */
    static PlantedPrompt of(
            Tensors tensors,
            DType dtype,
            int length,
            int heads,
            int kvHeads,
            int headDim,
            int localBlocks,
            double part) {
        Tensor q = tensors.empty(dtype, 1, length, heads, headDim);
        Tensor k = tensors.empty(dtype, 1, length, kvHeads, headDim);
        SplittableRandom random = new SplittableRandom(length);
        double wanted = TOPICS * StripedMask.share(length / BlockMask.BLOCK, localBlocks, part);
        double topic = Math.sqrt(TOPIC_SCORE / Math.sqrt(headDim));
        double sink = Math.sqrt(SINK_SCORE / Math.sqrt(headDim));
        fill(q, random, (pattern, head, row, x) -> {
            add(x, SINK_DIRECTION, sink);
            int first = 5 * pattern + 11 * head;
            int topics = (int) (wanted + (head + 0.5) / heads); // all heads together want what a broken number says
            for (int i = 0; i < topics; i++) {
                add(x, 1 + (first + 7 * i) % TOPICS, topic);
            }
        });
        fill(k, random, (pattern, head, row, x) -> add(x, 1 + (pattern + 3 * head) % TOPICS, topic));
        sink(k, sink);
        return new PlantedPrompt(q, k);
    }

    private interface Pattern {
        void plant(int pattern, int head, int row, float[] x);
    }

    private static void fill(Tensor to, SplittableRandom random, Pattern planted) {
        if (to.device().isMeta()) {
            return;
        }
        int heads = (int) to.size(2);
        int headDim = (int) to.size(3);
        Tensor rows = to.view(to.size(1), (long) heads * headDim);
        int blocks = (int) (to.size(1) / BlockMask.BLOCK);
        int patterns = Math.min(PATTERNS, blocks);
        float[] values = new float[BlockMask.BLOCK * heads * headDim];
        float[] x = new float[headDim];
        for (int block = 0; block < blocks; block++) {
            long first = (long) block * BlockMask.BLOCK;
            Tensor here = rows.rows(first, first + BlockMask.BLOCK);
            if (block >= patterns) {
                long like = (long) random.nextInt(patterns) * BlockMask.BLOCK;
                here.copyFrom(rows.rows(like, like + BlockMask.BLOCK));
                continue;
            }
            for (int at = 0; at < values.length; at += headDim) {
                for (int i = 0; i < headDim; i++) {
                    x[i] = (float) random.nextDouble(-NOISE, NOISE);
                }
                planted.plant(block, at / headDim % heads, at / headDim / heads, x);
                System.arraycopy(x, 0, values, at, headDim);
            }
            here.copyFrom(values);
        }
    }

    /** Puts the direction that all queries want into the first keys alone. */
    private static void sink(Tensor k, double size) {
        int headDim = (int) k.size(3);
        float[] keys = new float[SINK_KEYS * (int) k.size(2) * headDim];
        float[] x = new float[headDim];
        add(x, SINK_DIRECTION, size);
        for (int at = 0; at < keys.length; at += headDim) {
            System.arraycopy(x, 0, keys, at, headDim);
        }
        k.view(k.size(1), k.size(2) * headDim).rows(0, SINK_KEYS).copyFrom(keys);
    }

    /** Adds a row of the Walsh matrix: those of different numbers are orthogonal, and use all channels alike. */
    private static void add(float[] x, int number, double size) {
        for (int i = 0; i < x.length; i++) {
            x[i] += (float) (Integer.bitCount(number & i) % 2 == 0 ? size : -size);
        }
    }
}
