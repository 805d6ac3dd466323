package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.SaleOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Thresholds, and the blocks that are kept. */
class SaleSelectContractTest extends SaleContract {
    /** Batch, heads, key/value heads, head size, queries, keys, capacity, local keys, row step; scale. */
    private static SaleOracle shape(int... s) {
        return new SaleOracle(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], 1 / Math.sqrt(s[3]));
    }

    private static final List<SaleOracle> SHAPES = List.of(
            shape(2, 2, 1, 64, 130, 330, 333, 60, 1),
            shape(1, 2, 2, 128, 200, 200, 200, 1, 2),
            shape(1, 4, 2, 64, 190, 420, 420, 70, 4),
            shape(1, 1, 1, 128, 530, 531, 544, 64, 8),
            shape(1, 1, 1, 64, 3, 300, 300, 10, 1));

    @Test
    void thresholds() {
        for (SaleOracle shape : SHAPES) {
            float[] q = queries(shape, 1);
            float[] k = keys(shape, 1);
            float[] keyMean = gaussian(DType.F32, shape.batch() * shape.kvHeads() * shape.headDim(), 1);
            float[] tau = new float[shape.heads()];
            Arrays.fill(tau, 0.01f);
            tau[0] = shape.heads() > 1 ? 0.9e-5f : 0.5f;
            List<Output> outputs = run(bench -> {
                Chain chain = new Chain(bench, shape, DType.BF16);
                Tensor thresholds = chain.thresholds();
                Tensor mean = bench.of(DType.F32, keyMean, shape.batch(), shape.kvHeads(), shape.headDim());
                Tensor taus = bench.of(DType.F32, tau, shape.heads());
                Sale.thresholds(
                        thresholds,
                        chain.queries(q),
                        chain.keys(k),
                        mean,
                        taus,
                        shape.keyLength(),
                        chain.selection(),
                        shape.scale());
                return List.of(thresholds);
            });
            double[] expected = new double[shape.batch() * shape.heads() * shape.rows()];
            for (int i = 0; i < expected.length; i++) {
                int head = i / shape.rows();
                int query = i % shape.rows() * shape.rowStep();
                float t = tau[head % shape.heads()];
                expected[i] = t < 1e-5f ? Double.NaN : shape.threshold(q, k, keyMean, t, head, query);
            }
            outputs.get(0).assertNear(expected, 1e-6, 2e-4);
        }
    }

    /** Thresholds are estimates themselves, or the number below: a single wrong bit of an estimate keeps a block, or drops it. */
    @Test
    void estimatesAreThoseOfExactIntegers() {
        for (SaleOracle shape : SHAPES) {
            compareEstimates(shape, false);
        }
        compareEstimates(shape(1, 1, 1, 64, 70, 2300, 2300, 1, 8), false); // two words
        compareEstimates(SHAPES.get(0), true);
    }

    private void compareEstimates(SaleOracle shape, boolean broken) {
        float[] q = queries(shape, 1);
        float[] k = keys(shape, 1);
        if (broken) {
            k[100 * shape.kvHeads() * shape.headDim()] = Float.NaN;
        }
        float[] queryMean = gaussian(DType.F32, shape.batch() * shape.heads() * shape.headDim(), 0.1);
        float[] keyMean = gaussian(DType.F32, shape.batch() * shape.kvHeads() * shape.headDim(), 0.1);
        float[] correction = gaussian(DType.F32, shape.batch() * shape.heads() * shape.keyBlocks() * 64, 1);
        SaleOracle.Codes queries = shape.quantizedQueries(q, queryMean);
        SaleOracle.Codes keys = shape.quantizedKeys(k, keyMean);
        int heads = shape.batch() * shape.heads();
        float[] thresholds = new float[heads * shape.rows()];
        float[][] largest = new float[thresholds.length][];
        for (int i = 0; i < thresholds.length; i++) {
            int query = i % shape.rows() * shape.rowStep();
            int blocks = shape.firstLocal(query / 64);
            largest[i] = new float[blocks];
            for (int block = 0; block < blocks; block++) {
                largest[i][block] = shape.largest(queries, keys, correction, i / shape.rows(), query, block);
            }
            // Mostly the estimate of the block that has the largest one: nothing but it, or nothing at all, is above.
            float top = Float.NEGATIVE_INFINITY;
            for (int block = 1; block < blocks; block++) {
                top = largest[i][block] > top ? largest[i][block] : top;
            }
            thresholds[i] = random.nextInt(4) == 0 ? Math.nextDown(top) : top;
        }
        List<Output> outputs = run(bench -> {
            Chain chain = new Chain(bench, shape, DType.BF16);
            FourBitRows queryRows = chain.rows(FourBitRows.Kind.QUERIES);
            FourBitRows keyRows = chain.rows(FourBitRows.Kind.KEYS);
            Tensor queryMeans = chain.mean(shape.heads()).copyFrom(queryMean);
            Tensor keyMeans = chain.mean(shape.kvHeads()).copyFrom(keyMean);
            Sale.quantize(queryRows, chain.queries(q), queryMeans, 0, shape.queryLength());
            Sale.quantize(keyRows, chain.keys(k), keyMeans, 0, shape.keyLength());
            BlockMask mask = chain.mask();
            Sale.select(
                    mask,
                    chain.thresholds().copyFrom(thresholds),
                    queryRows,
                    keyRows,
                    chain.correction().copyFrom(correction),
                    chain.selection());
            if (!bench.device().name().equals("cpu")) {
                boolean hopper = bench.device().property("architecture").equals("sm_90a");
                String kernel = bench.device().property("last_kernel");
                assertTrue(kernel.startsWith(hopper ? "sm90_sale_select_" : "any_sale_select_"), kernel);
            }
            return List.of(mask.bits());
        });
        int[] mask = ints(outputs.get(0));
        int estimated = 0;
        for (int head = 0; head < heads; head++) {
            for (int queryBlock = 0; queryBlock < shape.queryBlocks(); queryBlock++) {
                for (int block = 0; block < shape.keyBlocks(); block++) {
                    boolean kept = block == 0 || block >= shape.firstLocal(queryBlock);
                    for (int row = 0; row < shape.rows() && !kept; row++) {
                        if (row * shape.rowStep() / 64 == queryBlock) {
                            int i = head * shape.rows() + row;
                            kept = !(largest[i][block] <= thresholds[i]);
                            estimated += kept ? 1 : 0;
                        }
                    }
                    String name = shape + " head " + head + " block " + queryBlock + ", " + block;
                    assertEquals(
                            kept && block <= shape.lastLocal(queryBlock),
                            shape.bit(mask, head, queryBlock, block),
                            name);
                }
            }
        }
        assertTrue(estimated > 0 || shape.firstLocal(0) <= 1, "no block was kept for its estimate: " + shape);
    }

    @Test
    void masksAreThoseOfTheDefinition() {
        for (SaleOracle shape : SHAPES) {
            float[] q = queries(shape, 0.7);
            float[] k = keys(shape, 1);
            float[] tau = new float[shape.heads()];
            Arrays.fill(tau, 0.03f);
            List<Output> outputs = run(bench -> {
                Chain chain = new Chain(bench, shape, DType.BF16);
                Selected selected = chain.select(chain.queries(q), chain.keys(k), tau);
                return List.of(selected.mask().bits(), selected.keyMean(), selected.queryMean());
            });
            compareMask(shape, q, k, 0.03f, outputs);
        }
    }

    private void compareMask(SaleOracle shape, float[] q, float[] k, float tau, List<Output> outputs) {
        float[] keyMean = outputs.get(1).floats();
        float[] queryMean = outputs.get(2).floats();
        SaleOracle.Codes queries = shape.quantizedQueries(q, queryMean);
        SaleOracle.Codes keys = shape.quantizedKeys(k, keyMean);
        int heads = shape.batch() * shape.heads();
        SaleOracle means = new SaleOracle(
                shape.batch(),
                shape.heads(),
                shape.kvHeads(),
                shape.headDim(),
                1,
                shape.keyLength(),
                shape.capacity(),
                1,
                1,
                1);
        float[] correction = new float[heads * shape.keyBlocks() * 64];
        for (int head = 0; head < heads; head++) {
            for (int j = 0; j < shape.keyLength(); j++) {
                correction[head * shape.keyBlocks() * 64 + j] = (float) means.score(queryMean, k, keyMean, head, 0, j);
            }
        }
        int[] mask = ints(outputs.get(0));
        int near = 0;
        int kept = 0;
        int blocks = 0;
        for (int head = 0; head < heads; head++) {
            double[] thresholds = new double[shape.rows()];
            for (int row = 0; row < shape.rows(); row++) {
                thresholds[row] = shape.threshold(q, k, keyMean, tau, head, row * shape.rowStep());
            }
            for (int queryBlock = 0; queryBlock < shape.queryBlocks(); queryBlock++) {
                for (int block = 1; block < shape.firstLocal(queryBlock); block++) {
                    double above = Double.NEGATIVE_INFINITY;
                    for (int row = 0; row < shape.rows(); row++) {
                        int query = row * shape.rowStep();
                        if (query / 64 == queryBlock) {
                            double e = shape.largest(queries, keys, correction, head, query, block);
                            above = Math.max(above, e - thresholds[row]);
                        }
                    }
                    boolean bit = shape.bit(mask, head, queryBlock, block);
                    blocks++;
                    kept += bit ? 1 : 0;
                    if (Math.abs(above) < 1e-3) {
                        near++;
                    } else {
                        assertEquals(above > 0, bit, shape + " head " + head + " block " + queryBlock + ", " + block);
                    }
                }
            }
        }
        assertTrue(near <= blocks / 10, near + " of " + blocks + " blocks are near their threshold");
        assertTrue(blocks < 8 || kept > 0 && kept < blocks, kept + " of " + blocks + " blocks were kept: " + shape);
    }

    @Test
    void listsAreThoseOfTheMask() {
        for (int keys : new int[] {1, 64, 65, 2048, 2200, 67000}) {
            int rows = 5;
            int columns = (keys + 63) / 64;
            int words = (columns + 31) / 32;
            int[] bits = random.ints((long) rows * words)
                    .map(i -> i & random.nextInt())
                    .toArray();
            Arrays.fill(bits, 0, words, 0);
            Arrays.fill(bits, words, 2 * words, -1);
            List<Output> outputs = run(bench -> {
                Tensor tensor = bench.empty(DType.I32, 1, rows, 1, words).copyFrom(bits);
                Tensor counts = bench.empty(DType.I32, 1, rows, 1);
                Tensor indices = bench.empty(DType.I32, 1, rows, 1, columns);
                BlockMask mask = new BlockMask(tensor, 1, keys);
                mask.lists(counts, indices);
                mask.lists(counts, null);
                return List.of(counts, indices);
            });
            int[] counts = ints(outputs.get(0));
            int[] indices = ints(outputs.get(1));
            for (int row = 0; row < rows; row++) {
                int count = 0;
                for (int column = 0; column < columns; column++) {
                    if ((bits[row * words + column / 32] >>> column % 32 & 1) != 0) {
                        assertEquals(column, indices[row * columns + count++]);
                    }
                }
                assertEquals(count, counts[row]);
                for (int i = count; i < columns; i++) {
                    assertEquals(-1, indices[row * columns + i], "behind the list");
                }
            }
        }
    }

    private float[] queries(SaleOracle shape, double deviation) {
        return gaussian(DType.BF16, shape.batch() * shape.queryLength() * shape.heads() * shape.headDim(), deviation);
    }

    private float[] keys(SaleOracle shape, double deviation) {
        return gaussian(DType.BF16, shape.batch() * shape.capacity() * shape.kvHeads() * shape.headDim(), deviation);
    }
}
