package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.EmbeddingOracle;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingContractTest extends Contract {
    private static final int[][] SHAPES = {{1, 1, 1}, {3, 5, 7}, {50, 300, 64}, {17, 97, 255}
    }; // vocabulary, tokens, hidden

    @Test
    void forwardCopiesRows() {
        for (DType dtype : DTYPES) {
            for (int[] shape : SHAPES) {
                int hidden = shape[2];
                float[] weight = gaussian(dtype, shape[0] * hidden, 1);
                weight[0] = Float.NEGATIVE_INFINITY;
                int[] ids = ids(shape[1], shape[0]);
                run(bench -> {
                            Tensor out = bench.empty(dtype, ids.length, hidden);
                            Embedding.forward(out, bench.of(dtype, weight, shape[0], hidden), bench.of(ids));
                            return List.of(out);
                        })
                        .get(0)
                        .assertNear(EmbeddingOracle.forward(doubles(weight), ids, hidden), 0, 0);
            }
        }
    }

    @Test
    void backwardAddsToTheRows() {
        for (DType dtype : DTYPES) {
            for (int[] shape : SHAPES) {
                int hidden = shape[2];
                float[] before = gaussian(DType.F32, shape[0] * hidden, 1);
                float[] dOut = gaussian(dtype, shape[1] * hidden, 1);
                int[] ids = ids(shape[1], shape[0]);
                double[] expected = doubles(before);
                EmbeddingOracle.backward(expected, doubles(dOut), ids, hidden);
                run(bench -> {
                            Tensor dWeight = bench.of(DType.F32, before, shape[0], hidden);
                            Embedding.backward(dWeight, bench.of(dtype, dOut, ids.length, hidden), bench.of(ids));
                            return List.of(dWeight);
                        })
                        .get(0)
                        .assertNear(expected, 1e-6, 1e-5);
            }
        }
    }

    @Test
    void refusesAnIdOutOfRange() {
        assumeTrue(deviceName.equals("cpu"), "other devices do not look at ids before they launch");
        for (int id : new int[] {-1, 9}) {
            assertRefused(
                    bench -> {
                        Tensor weight = bench.empty(DType.F32, 9, 4);
                        Tensor ids = bench.of(0, 8, id);
                        Tensor out = bench.empty(DType.F32, 3, 4);
                        return () -> Embedding.forward(out, weight, ids);
                    },
                    "id " + id,
                    "position 2",
                    "vocabulary of 9");
            assertRefused(
                    bench -> {
                        Tensor dWeight = bench.empty(DType.F32, 9, 4);
                        Tensor ids = bench.of(id);
                        Tensor dOut = bench.empty(DType.F32, 1, 4);
                        return () -> Embedding.backward(dWeight, dOut, ids);
                    },
                    "embedding_backward",
                    "id " + id);
        }
    }

    /** Where an id out of range is not refused, its token is left out and nothing else is touched. */
    @Test
    void leavesOutAnIdOutOfRange() {
        assumeFalse(deviceName.equals("cpu"), "the cpu device refuses it");
        float[] ones = {1, 1, 1, 1, 1, 1};
        List<Output> outputs = run(bench -> {
            Tensor out = bench.of(DType.F32, new float[6], 3, 2);
            Tensor dWeight = bench.of(DType.F32, new float[4], 2, 2);
            Tensor ids = bench.of(-1, 1, 2);
            Embedding.forward(out, bench.of(DType.F32, new float[] {3, 4, 5, 6}, 2, 2), ids);
            Embedding.backward(dWeight, bench.of(DType.F32, ones, 3, 2), ids);
            return List.of(out, dWeight);
        });
        assertArrayEquals(new float[] {0, 0, 5, 6, 0, 0}, outputs.get(0).floats());
        assertArrayEquals(new float[] {0, 0, 1, 1}, outputs.get(1).floats());
    }

    /** Tokens by the thousand, in more turns than one of what a block looks at, with a row that comes first late. */
    @Test
    void backwardOfManyTokens() {
        int tokens = 5000;
        int hidden = 9;
        int[] ids = ids(tokens, 3);
        ids[tokens - 1] = 3;
        float[] dOut = gaussian(DType.BF16, tokens * hidden, 1);
        double[] expected = new double[4 * hidden];
        EmbeddingOracle.backward(expected, doubles(dOut), ids, hidden);
        run(bench -> {
                    Tensor dWeight = bench.of(DType.F32, new float[4 * hidden], 4, hidden);
                    Embedding.backward(dWeight, bench.of(DType.BF16, dOut, tokens, hidden), bench.of(ids));
                    return List.of(dWeight);
                })
                .get(0)
                .assertNear(expected, 1e-6, 1e-3);
    }

    private int[] ids(int tokens, int vocabulary) {
        return random.ints(tokens, 0, vocabulary).toArray();
    }
}
