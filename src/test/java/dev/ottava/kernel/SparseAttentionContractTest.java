package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.AttentionOracle;
import dev.ottava.oracle.SaleOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Attention over the blocks of a mask. */
class SparseAttentionContractTest extends Contract {
    /** Batch, heads, key/value heads, head size, queries, keys, capacity. */
    private static final int[][] SHAPES = {
        {1, 2, 1, 64, 130, 330, 333},
        {2, 2, 2, 128, 70, 200, 200},
        {1, 2, 1, 16, 200, 200, 200},
        {1, 2, 1, 32, 3, 300, 300},
        {2, 6, 2, 64, 1, 400, 410},
        {1, 8, 1, 64, 1, 200, 200}, // decoding, with a list for each of many heads
        {1, 1, 1, 16, 65, 2200, 2200},
    };

    private static double tolerance(DType dtype) {
        return dtype == DType.BF16 ? 8e-3 : 4e-6;
    }

    private record Inputs(AttentionOracle shape, DType dtype, float[] q, float[] k, float[] v) {
        int queryBlocks() {
            return (shape.queryLength() + 63) / 64;
        }

        int keyBlocks() {
            return (shape.keyLength() + 63) / 64;
        }

        int words() {
            return (keyBlocks() + 31) / 32;
        }

        Tensor queries(Workbench bench, float[] values) {
            long[] sizes = {shape.batch(), shape.queryLength(), shape.heads(), shape.headDim()};
            return values == null ? bench.empty(dtype, sizes) : bench.of(dtype, values, sizes);
        }

        Tensor keys(Workbench bench, float[] values) {
            return bench.of(dtype, values, shape.batch(), shape.capacity(), shape.kvHeads(), shape.headDim());
        }

        /** out and logSumExp; a mask of null is dense attention, by the kernel that takes masks. */
        List<Tensor> attend(Workbench bench, int[] mask) {
            Tensor out = queries(bench, null);
            Tensor sums = bench.empty(DType.F32, shape.batch(), shape.heads(), shape.queryLength());
            Tensor queries = queries(bench, q);
            Tensor keys = keys(bench, k);
            Tensor values = keys(bench, v);
            if (mask == null) {
                Attention.forwardWithoutLibrary(out, sums, queries, keys, values, shape.keyLength(), shape.scale());
                return List.of(out, sums);
            }
            Tensor bits = bench.empty(DType.I32, shape.batch(), shape.heads(), queryBlocks(), words());
            BlockMask blocks = new BlockMask(bits.copyFrom(mask), shape.queryLength(), shape.keyLength());
            Attention.forward(out, sums, queries, keys, values, blocks, shape.keyLength(), shape.scale());
            return List.of(out, sums);
        }
    }

    private Inputs inputs(DType dtype, int... s) {
        AttentionOracle shape = new AttentionOracle(s[0], s[1], s[2], s[3], s[4], s[5], s[6], 1 / Math.sqrt(s[3]));
        float[] q = gaussian(dtype, s[0] * s[4] * s[1] * s[3], 1);
        float[] k = gaussian(dtype, s[0] * s[6] * s[2] * s[3], 1);
        return new Inputs(shape, dtype, q, k, gaussian(dtype, k.length, 1));
    }

    @Test
    void attendsToListedBlocksAlone() {
        for (DType dtype : DTYPES) {
            for (int[] sizes : SHAPES) {
                Inputs inputs = inputs(dtype, sizes);
                AttentionOracle shape = inputs.shape();
                int words = inputs.words();
                int[] mask = random.ints((long) sizes[0] * sizes[1] * inputs.queryBlocks() * words)
                        .map(bits -> bits & random.nextInt())
                        .toArray();
                mask[0] = 0; // queries without a key, if there is one word
                mask[mask.length - 1] =
                        1 << (shape.keyLength() - 1) / 64 % 32; // the diagonal alone: some queries see none of it
                AttentionOracle.Listed listed = (b, h, i, j) -> {
                    int row = (b * shape.heads() + h) * inputs.queryBlocks() + i / 64;
                    return (mask[row * words + j / 64 / 32] >>> j / 64 % 32 & 1) != 0;
                };
                List<Output> outputs = run(bench -> inputs.attend(bench, mask));
                double[] q = doubles(inputs.q());
                double[] k = doubles(inputs.k());
                double[] expected = shape.forward(q, k, doubles(inputs.v()), listed);
                outputs.get(0).assertNear(expected, 0, dtype == DType.BF16 ? 5e-2 : 2e-5);
                outputs.get(0).assertGloballyNear(expected, tolerance(dtype));
                outputs.get(1).assertNear(shape.logSumExp(q, k, listed), 1e-6, 1e-5);
            }
        }
    }

    @Test
    void everyBlockListedGivesTheBitsOfDenseAttention() {
        for (DType dtype : DTYPES) {
            for (int[] sizes : SHAPES) {
                Inputs inputs = inputs(dtype, sizes);
                int[] mask = new int[sizes[0] * sizes[1] * inputs.queryBlocks() * inputs.words()];
                Arrays.fill(mask, -1);
                List<Output> dense = run(bench -> inputs.attend(bench, null));
                List<Output> listed = run(bench -> inputs.attend(bench, mask));
                for (int i = 0; i < 2; i++) {
                    assertEquals(-1, dense.get(i).bytes().mismatch(listed.get(i).bytes()), inputs.shape() + " " + i);
                }
            }
        }
    }

    @Test
    void aThresholdOfZeroIsDenseAttention() {
        for (int[] sizes : new int[][] {{1, 4, 2, 64, 130, 330, 333}, {2, 2, 1, 128, 70, 200, 200}}) {
            Inputs inputs = inputs(DType.BF16, sizes);
            AttentionOracle shape = inputs.shape();
            SaleOracle sale = new SaleOracle(
                    sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], 1, 4, shape.scale());
            float[] tau = new float[sizes[1]];
            tau[0] = 0.99e-5f;
            List<Output> dense = run(bench -> inputs.attend(bench, null));
            List<Output> sparse = run(bench -> {
                SaleContract.Chain chain = new SaleContract.Chain(bench, sale, DType.BF16);
                Tensor q = inputs.queries(bench, inputs.q());
                Tensor k = inputs.keys(bench, inputs.k());
                BlockMask mask = chain.select(q, k, tau).mask();
                Tensor out = inputs.queries(bench, null);
                Tensor sums = bench.empty(DType.F32, shape.batch(), shape.heads(), shape.queryLength());
                Tensor v = inputs.keys(bench, inputs.v());
                Attention.forward(out, sums, q, k, v, mask, shape.keyLength(), shape.scale());
                return List.of(out, sums);
            });
            for (int i = 0; i < 2; i++) {
                assertEquals(-1, dense.get(i).bytes().mismatch(sparse.get(i).bytes()), shape + " " + i);
            }
        }
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor q = bench.empty(DType.BF16, 1, 70, 2, 64);
                    Tensor k = bench.empty(DType.BF16, 1, 70, 2, 64);
                    BlockMask mask = new BlockMask(bench.empty(DType.I32, 1, 2, 1, 1), 64, 70);
                    return () -> Attention.forward(q, null, q, k, k, mask, 70, 1);
                },
                "blocks of 64 queries and 70 keys",
                "70 and 70");
        assertRefused(
                bench -> {
                    Tensor bits = bench.empty(DType.I32, 1, 2, 1, 1);
                    return () -> new BlockMask(bits, 65, 70);
                },
                "bits");
    }
}
