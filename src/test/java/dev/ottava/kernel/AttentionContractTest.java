package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.AttentionOracle;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AttentionContractTest extends Contract {
    /** Batch, heads, key/value heads, head size; lengths. */
    private static final int[][] HEADS = {
        {2, 4, 2, 32}, {1, 2, 2, 64}, {1, 5, 1, 16}, {2, 3, 3, 48}, {1, 4, 1, 128}, {1, 1, 1, 112}
    };

    private static final int[] LENGTHS = {1, 2, 17, 63, 64, 65, 129};

    /** Elements of the values and of the probabilities may each be rounded to BF16 on their way through a product. */
    private static double global(DType dtype) {
        return dtype == DType.BF16 ? 8e-3 : 4e-6;
    }

    private static double element(DType dtype) {
        return dtype == DType.BF16 ? 5e-2 : 2e-5;
    }

    @Test
    void forwardAndBackward() {
        for (DType dtype : DTYPES) {
            for (int[] heads : HEADS) {
                for (int length : LENGTHS) {
                    AttentionOracle shape = new AttentionOracle(
                            heads[0], heads[1], heads[2], heads[3], length, length, length, 1 / Math.sqrt(heads[3]));
                    compareBackward(dtype, shape, compareForward(dtype, shape));
                }
            }
        }
    }

    @Test
    void headSizes() {
        for (DType dtype : DTYPES) {
            for (int headDim = 16; headDim <= 128; headDim += 16) {
                AttentionOracle shape = new AttentionOracle(1, 2, 1, headDim, 70, 70, 70, 0.2);
                compareBackward(dtype, shape, compareForward(dtype, shape));
            }
        }
    }

    @Test
    void fewerQueriesThanKeysInACache() {
        for (DType dtype : DTYPES) {
            for (int queries : new int[] {1, 2, 4, 5, 16, 65}) {
                for (int keys : new int[] {65, 67, 128, 200, 385}) {
                    compareForward(dtype, new AttentionOracle(2, 4, 2, 48, queries, keys, keys + 3, -0.3));
                    compareForward(dtype, new AttentionOracle(1, 6, 1, 64, queries, keys, keys, 0.1));
                }
            }
        }
    }

    @Test
    void largeScoresDoNotOverflow() {
        for (DType dtype : DTYPES) {
            compareForward(dtype, new AttentionOracle(1, 1, 1, 16, 80, 80, 80, 50));
        }
    }

    private record Forward(float[] q, float[] k, float[] v, float[] out, float[] logSumExp) {}

    private Forward compareForward(DType dtype, AttentionOracle shape) {
        float[] q = gaussian(dtype, shape.batch() * shape.queryLength() * shape.heads() * shape.headDim(), 1);
        float[] k = gaussian(dtype, shape.batch() * shape.capacity() * shape.kvHeads() * shape.headDim(), 1);
        float[] v = gaussian(dtype, k.length, 1);
        List<Output> outputs = run(bench -> {
            Tensor out = queries(bench, dtype, shape, null);
            Tensor logSumExp = bench.empty(DType.F32, shape.batch(), shape.heads(), shape.queryLength());
            Tensor queries = queries(bench, dtype, shape, q);
            Tensor keys = keys(bench, dtype, shape, k);
            Tensor values = keys(bench, dtype, shape, v);
            Attention.forward(out, logSumExp, queries, keys, values, shape.keyLength(), shape.scale());
            return List.of(out, logSumExp);
        });
        double[] expected = shape.forward(doubles(q), doubles(k), doubles(v));
        // An error of a score is one of the exponent of its probability.
        double sharpness = Math.abs(shape.scale());
        outputs.get(0).assertNear(expected, 0, element(dtype) + 2e-5 * sharpness);
        outputs.get(0).assertGloballyNear(expected, global(dtype) + 2e-6 * sharpness);
        outputs.get(1).assertNear(shape.logSumExp(doubles(q), doubles(k)), 1e-6, 1e-5);
        return new Forward(q, k, v, outputs.get(0).floats(), outputs.get(1).floats());
    }

    private void compareBackward(DType dtype, AttentionOracle shape, Forward forward) {
        float[] dOut = gaussian(dtype, forward.q().length, 1);
        List<Output> outputs = run(bench -> {
            Tensor dQ = queries(bench, dtype, shape, null);
            Tensor dK = keys(bench, dtype, shape, null);
            Tensor dV = keys(bench, dtype, shape, null);
            Attention.backward(
                    dQ,
                    dK,
                    dV,
                    queries(bench, dtype, shape, dOut),
                    queries(bench, dtype, shape, forward.q()),
                    keys(bench, dtype, shape, forward.k()),
                    keys(bench, dtype, shape, forward.v()),
                    queries(bench, dtype, shape, forward.out()),
                    bench.of(DType.F32, forward.logSumExp(), shape.batch(), shape.heads(), shape.queryLength()),
                    shape.scale());
            return List.of(dQ, dK, dV);
        });
        double[][] expected =
                shape.backward(doubles(dOut), doubles(forward.q()), doubles(forward.k()), doubles(forward.v()));
        for (int i = 0; i < 3; i++) {
            outputs.get(i).assertNear(expected[i], 0, 4 * element(dtype));
            // With one key the gradients of q and k are differences of equals.
            if (shape.queryLength() > 1 || i == 2) {
                outputs.get(i).assertGloballyNear(expected[i], 3 * global(dtype));
            }
        }
    }

    @Test
    void decodingOneByOneEqualsTheFullForward() {
        int length = 70;
        for (DType dtype : DTYPES) {
            AttentionOracle shape = new AttentionOracle(2, 6, 2, 32, length, length, length, 0.18);
            float[] q = gaussian(dtype, 2 * length * 6 * 32, 1);
            float[] k = gaussian(dtype, 2 * length * 2 * 32, 1);
            float[] v = gaussian(dtype, 2 * length * 2 * 32, 1);
            List<Output> outputs = run(bench -> {
                Tensor keys = keys(bench, dtype, shape, k);
                Tensor values = keys(bench, dtype, shape, v);
                List<Tensor> outs = new ArrayList<>();
                Tensor full = queries(bench, dtype, shape, null);
                Attention.forward(full, null, queries(bench, dtype, shape, q), keys, values, length, shape.scale());
                outs.add(full);
                for (int i = 0; i < length; i++) {
                    AttentionOracle step = new AttentionOracle(2, 6, 2, 32, 1, i + 1, length, shape.scale());
                    Tensor out = queries(bench, dtype, step, null);
                    Tensor query = queries(bench, dtype, step, step(q, i, length, 6 * 32));
                    Attention.forward(out, null, query, keys, values, i + 1, shape.scale());
                    outs.add(out);
                }
                return outs;
            });
            float[] full = outputs.get(0).floats();
            for (int i = 0; i < length; i++) {
                outputs.get(i + 1).assertNear(doubles(step(full, i, length, 6 * 32)), 0, element(dtype));
            }
        }
    }

    /** What position i of each of two sequences holds. */
    private static float[] step(float[] x, int i, int length, int size) {
        float[] step = new float[2 * size];
        System.arraycopy(x, i * size, step, 0, size);
        System.arraycopy(x, (length + i) * size, step, size, size);
        return step;
    }

    private static Tensor queries(Workbench bench, DType dtype, AttentionOracle shape, float[] values) {
        return tensor(bench, dtype, values, shape.batch(), shape.queryLength(), shape.heads(), shape.headDim());
    }

    private static Tensor keys(Workbench bench, DType dtype, AttentionOracle shape, float[] values) {
        return tensor(bench, dtype, values, shape.batch(), shape.capacity(), shape.kvHeads(), shape.headDim());
    }

    private static Tensor tensor(Workbench bench, DType dtype, float[] values, long... shape) {
        return values == null ? bench.empty(dtype, shape) : bench.of(dtype, values, shape);
    }

    @Test
    void refusals() {
        refuse(new long[] {1, 4, 3, 32}, new long[] {1, 4, 2, 32}, 4, "3 query heads", "2 key/value heads");
        refuse(new long[] {1, 4, 2, 24}, new long[] {1, 4, 2, 24}, 4, "head_dim 24", "multiple of 16");
        refuse(new long[] {1, 4, 2, 144}, new long[] {1, 4, 2, 144}, 4, "head_dim 144", "128");
        refuse(new long[] {1, 4, 2, 32}, new long[] {1, 4, 2, 32}, 3, "key length 3", "4 queries");
        refuse(new long[] {1, 4, 2, 32}, new long[] {1, 4, 2, 32}, 5, "key length 5", "capacity of 4");
        refuse(new long[] {1, 4, 2, 32}, new long[] {2, 4, 2, 32}, 4, "k is");
    }

    private void refuse(long[] q, long[] k, long keyLength, String... parts) {
        assertRefused(
                bench -> {
                    Tensor queries = bench.empty(DType.F32, q);
                    Tensor keys = bench.empty(DType.F32, k);
                    return () -> Attention.forward(queries, null, queries, keys, keys, keyLength, 1);
                },
                parts);
    }
}
