package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.oracle.AttentionOracle;
import dev.ottava.oracle.SaleOracle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Single keys that few queries look at, with 2 to 10 times tau in true probability, outside of sink and local blocks: the estimate finds each of them, where
 * the means of blocks of queries and keys miss some.
 */
class SaleNeedlesTest extends SaleContract {
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int HEAD_DIM = 64;
    private static final int QUERIES = 256;
    private static final int KEYS = 768;
    private static final int LOCAL_KEYS = 64;
    private static final int NEEDLES_OF_BLOCK = 2;
    private static final double SCALE = 1 / Math.sqrt(HEAD_DIM);
    private static final float TAU = 0.008f;

    private record Needle(int head, int query, int key) {}

    private final List<Needle> needles = new ArrayList<>();
    private final float[] q = new float[QUERIES * HEADS * HEAD_DIM];
    private final float[] k = new float[KEYS * KV_HEADS * HEAD_DIM];
    private final AttentionOracle dense = new AttentionOracle(1, HEADS, KV_HEADS, HEAD_DIM, QUERIES, KEYS, KEYS, SCALE);

    private static SaleOracle shape(int rowStep) {
        return new SaleOracle(1, HEADS, KV_HEADS, HEAD_DIM, QUERIES, KEYS, KEYS, LOCAL_KEYS, rowStep, SCALE);
    }

    @Test
    void everyNeedleIsFound() {
        plant(1);
        SaleOracle shape = shape(1);
        int[] mask = select(1);
        int kept = 0;
        int all = 0;
        for (int head = 0; head < HEADS; head++) {
            for (int queryBlock = 0; queryBlock < shape.queryBlocks(); queryBlock++) {
                for (int block = 1; block < shape.firstLocal(queryBlock); block++) {
                    kept += shape.bit(mask, head, queryBlock, block) ? 1 : 0;
                    all++;
                }
            }
        }
        System.out.printf("%s: %d of %d blocks outside of sink and local ones kept%n", deviceName, kept, all);
        assertTrue(kept < all * 3 / 4, kept + " of " + all + " blocks were kept: that is no selection");
        for (Needle needle : needles) {
            assertTrue(
                    shape.bit(mask, needle.head(), needle.query() / 64, needle.key() / 64), () -> needle + " is lost");
        }
        int pooled = foundByPooling(shape, mask);
        System.out.printf("%s: mean pooling finds %d of %d needles%n", deviceName, pooled, needles.size());
        assertTrue(pooled < needles.size(), "mean pooling of blocks finds every needle: they are too easy");
    }

    /** What is left when every r-th query is estimated, for needles of one query and of eight neighbours. */
    @Test
    void recall() {
        if (!deviceName.equals("cpu")) {
            return; // the masks of all devices are the same, by the contract of the selection
        }
        for (int run : new int[] {1, 8}) {
            needles.clear();
            plant(run);
            for (int rowStep : new int[] {1, 2, 4, 8}) {
                SaleOracle shape = shape(rowStep);
                int[] mask = select(rowStep);
                int found = 0;
                for (Needle needle : needles) {
                    boolean kept = shape.bit(mask, needle.head(), needle.query() / 64, needle.key() / 64);
                    found += kept ? 1 : 0;
                    if (needle.query() % rowStep == 0) {
                        assertTrue(kept || run > 1, () -> needle + " was estimated and is lost");
                    }
                }
                assertTrue(
                        run == 1 || found >= needles.size() * 3 / 4, found + " of " + needles.size() + " were found");
                System.out.printf(
                        "%s: needles of %d queries, r = %d: %d of %d found%n",
                        deviceName, run, rowStep, found, needles.size());
            }
        }
    }

    private int[] select(int rowStep) {
        List<Output> outputs = run(bench -> {
            Chain chain = new Chain(bench, shape(rowStep), DType.BF16);
            return List.of(chain.select(chain.queries(q), chain.keys(k), TAU, TAU, TAU, TAU)
                    .mask()
                    .bits());
        });
        return ints(outputs.get(0));
    }

    /** Gaussian queries and keys with a bias in each channel, key 0 as a sink, and needles: keys moved towards `run` queries each, and no others. */
    private void plant(int run) {
        float[] bias = gaussian(DType.F32, KV_HEADS * HEAD_DIM, 3);
        float[] sink = gaussian(DType.F32, HEADS * HEAD_DIM, 0.6);
        for (int i = 0; i < q.length; i++) {
            q[i] = bf16(0.35 * random.nextGaussian() + sink[i % sink.length]);
        }
        for (int i = 0; i < k.length; i++) {
            k[i] = bf16(random.nextGaussian() + bias[i % bias.length]);
        }
        // Key 0 gets a score of about 8.5 from the mean query of each head.
        for (int head = 0; head < HEADS; head++) {
            move(head, 0, slice(sink, head * HEAD_DIM), slice(sink, head * HEAD_DIM), 8.5);
        }
        Set<Integer> taken = new HashSet<>();
        SaleOracle shape = shape(1);
        for (int head = 0; head < HEADS; head++) {
            for (int block = 0; block < shape.queryBlocks(); block++) {
                for (int i = 0; i < NEEDLES_OF_BLOCK; i++) {
                    int query = block * 64 + 32 * i + random.nextInt(32 - run + 1);
                    int key;
                    do {
                        key = 64 + random.nextInt((shape.firstLocal(block) - 1) * 64);
                    } while (!taken.add(head / (HEADS / KV_HEADS) * KEYS + key));
                    // Neighbours share most of what they look for.
                    for (int other = 1; other < run; other++) {
                        for (int d = 0; d < HEAD_DIM; d++) {
                            int from = (query * HEADS + head) * HEAD_DIM + d;
                            q[from + other * HEADS * HEAD_DIM] = bf16(q[from] + 0.1 * random.nextGaussian());
                        }
                    }
                    needles.add(new Needle(head, query, key));
                }
            }
        }
        for (int pass = 0; pass < 3; pass++) {
            for (Needle needle : needles) {
                double p = probability(needle);
                if (pass == 0 || p < 2.5 * TAU || p > 8 * TAU) {
                    double wanted = TAU * (2.5 + 5.5 * random.nextDouble());
                    double more = Math.log(wanted / (1 - wanted) * (1 - p) / p);
                    float[] query = slice(q, (needle.query() * HEADS + needle.head()) * HEAD_DIM);
                    float[] own = query.clone(); // what this query has beside what all of its head have
                    for (int d = 0; d < HEAD_DIM; d++) {
                        own[d] -= sink[needle.head() * HEAD_DIM + d];
                    }
                    move(needle.head(), needle.key(), own, query, more);
                }
            }
        }
        for (Needle needle : needles) {
            double p = probability(needle);
            assertTrue(p >= 2 * TAU && p <= 10 * TAU, () -> needle + " has a probability of " + p);
        }
        assertEquals(HEADS * 4 * NEEDLES_OF_BLOCK, needles.size());
    }

    private static float[] slice(float[] x, int at) {
        return Arrays.copyOfRange(x, at, at + HEAD_DIM);
    }

    /** Moves a key in a direction, so that its score with a query grows by so much. */
    private void move(int head, int key, float[] direction, float[] query, double score) {
        double product = 0;
        for (int d = 0; d < HEAD_DIM; d++) {
            product += (double) direction[d] * query[d];
        }
        int at = (key * KV_HEADS + head / (HEADS / KV_HEADS)) * HEAD_DIM;
        for (int d = 0; d < HEAD_DIM; d++) {
            k[at + d] = bf16(k[at + d] + score / SCALE / product * direction[d]);
        }
    }

    private double probability(Needle needle) {
        return dense.probabilities(doubles(q), doubles(k), 0, needle.head(), needle.query(), (b, h, i, j) -> true)[
                needle.key()];
    }

    /** Needles whose block is among as many best ones by means of queries and keys as the mask has in that row. */
    private int foundByPooling(SaleOracle shape, int[] mask) {
        int found = 0;
        for (Needle needle : needles) {
            int queryBlock = needle.query() / 64;
            double[] scores = new double[shape.firstLocal(queryBlock)];
            int budget = 0;
            for (int block = 1; block < scores.length; block++) {
                budget += shape.bit(mask, needle.head(), queryBlock, block) ? 1 : 0;
                for (int d = 0; d < HEAD_DIM; d++) {
                    double meanQuery = 0;
                    double meanKey = 0;
                    for (int i = 0; i < 64; i++) {
                        meanQuery += q[((queryBlock * 64 + i) * HEADS + needle.head()) * HEAD_DIM + d] / 64;
                        int keyHead = needle.head() / (HEADS / KV_HEADS);
                        meanKey += k[((block * 64 + i) * KV_HEADS + keyHead) * HEAD_DIM + d] / 64;
                    }
                    scores[block] += meanQuery * meanKey;
                }
            }
            int better = 0;
            for (int block = 1; block < scores.length; block++) {
                better += scores[block] > scores[needle.key() / 64] ? 1 : 0;
            }
            found += better < budget ? 1 : 0;
        }
        return found;
    }

    private static float bf16(double value) {
        return round(DType.BF16, (float) value);
    }
}
