package dev.ottava.kernel;

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

    private int[] ids(int tokens, int vocabulary) {
        return random.ints(tokens, 0, vocabulary).toArray();
    }
}
