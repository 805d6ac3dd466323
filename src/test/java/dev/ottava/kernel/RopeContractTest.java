package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.RopeOracle;
import java.util.List;
import org.junit.jupiter.api.Test;

class RopeContractTest extends Contract {
    private static final int POSITIONS = 23;

    @Test
    void rotatesBySequenceAndPosition() {
        int[][] shapes = {{1, 1, 2}, {7, 1, 6}, {12, 3, 32}, {40, 5, 64}, {60, 4, 128}, {3, 40, 128}
        }; // tokens, heads, head_dim
        for (DType dtype : DTYPES) {
            for (int[] shape : shapes) {
                for (boolean inverse : new boolean[] {false, true}) {
                    compare(dtype, shape[0], shape[1], shape[2], shape[0] > 20 ? 20 : shape[0], 0, inverse);
                    compare(dtype, shape[0], shape[1], shape[2], 1, 22, inverse);
                }
            }
        }
    }

    private void compare(DType dtype, int tokens, int heads, int dim, int sequence, int first, boolean inverse) {
        float[] x = gaussian(dtype, tokens * heads * dim, 1);
        float[] cosine = new float[POSITIONS * dim / 2];
        float[] sine = new float[POSITIONS * dim / 2];
        for (int p = 0; p < POSITIONS; p++) {
            for (int i = 0; i < dim / 2; i++) {
                double angle = p * Math.pow(10_000, -2.0 * i / dim);
                cosine[p * dim / 2 + i] = (float) Math.cos(angle);
                sine[p * dim / 2 + i] = (float) Math.sin(angle);
            }
        }
        double[] expected = new double[x.length];
        for (int t = 0; t < tokens; t++) {
            int position = first + t % sequence;
            double[] c = row(cosine, position, dim / 2);
            double[] s = row(sine, position, dim / 2);
            for (int h = 0; h < heads; h++) {
                double[] head = RopeOracle.rotate(row(x, t * heads + h, dim), c, s, inverse);
                System.arraycopy(head, 0, expected, (t * heads + h) * dim, dim);
            }
        }
        run(bench -> {
                    Tensor tensor = bench.of(dtype, x, tokens, heads, dim);
                    Tensor c = bench.of(DType.F32, cosine, POSITIONS, dim / 2);
                    Tensor s = bench.of(DType.F32, sine, POSITIONS, dim / 2);
                    Rope.apply(tensor, c, s, sequence, first, inverse);
                    return List.of(tensor);
                })
                .get(0)
                .assertNear(expected, 1e-6, 1e-6);
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor x = bench.empty(DType.F32, 4, 1, 2);
                    Tensor table = bench.empty(DType.F32, 5, 1);
                    return () -> Rope.apply(x, table, table, 4, 2, false);
                },
                "rope",
                "positions 2 to 6",
                "5");
        assertRefused(
                bench -> {
                    Tensor x = bench.empty(DType.F32, 4, 1, 3);
                    Tensor table = bench.empty(DType.F32, 5, 1);
                    return () -> Rope.apply(x, table, table, 4, 0, false);
                },
                "head_dim 3 is odd");
    }
}
