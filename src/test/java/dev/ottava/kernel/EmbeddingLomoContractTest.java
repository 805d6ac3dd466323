package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** LOMO of an embedding without a gradient, against the gradient and the update of it on the same device, which have oracles of their own. */
class EmbeddingLomoContractTest extends UpdateContract {
    private static final int[][] SHAPES = {{1, 1, 1}, {3, 5, 7}, {6, 600, 40}, {40, 9, 2056}
    }; // vocabulary, tokens, hidden

    @Test
    void theBitsOfGradientAndUpdate() {
        for (int[] shape : SHAPES) {
            compare(DType.F32, DType.F32, shape, Rounding.NEAREST, WEIGHT_DECAY, true);
            compare(DType.F32, DType.BF16, shape, Rounding.NEAREST, 0, true);
            compare(DType.BF16, DType.F32, shape, Rounding.NEAREST, 0, true);
            compare(DType.BF16, DType.F32, shape, STOCHASTIC, 0, true);
            compare(DType.BF16, DType.BF16, shape, Rounding.NEAREST, WEIGHT_DECAY, true);
            compare(DType.BF16, DType.BF16, shape, STOCHASTIC, WEIGHT_DECAY, true);
        }
    }

    /** What is not to be changed is not, and its sum of squares is told all the same. */
    @Test
    void notOk() {
        compare(DType.F32, DType.F32, SHAPES[1], Rounding.NEAREST, WEIGHT_DECAY, false);
        compare(DType.BF16, DType.BF16, SHAPES[2], STOCHASTIC, WEIGHT_DECAY, false);
    }

    private void compare(
            DType weightDtype, DType dtype, int[] shape, Rounding rounding, double weightDecay, boolean ok) {
        int vocabulary = shape[0];
        int hidden = shape[2];
        // No token has the last id, if there are several.
        int[] ids = random.ints(shape[1], 0, Math.max(1, vocabulary - 1)).toArray();
        float[] before = gaussian(weightDtype, vocabulary * hidden, 1);
        float[] dOut = gaussian(dtype, shape[1] * hidden, 1);
        List<Output> outputs = update(11, 0.03f, ok, (bench, control) -> {
            Tensor d = bench.of(dtype, dOut, ids.length, hidden);
            Tensor id = bench.of(ids);
            Tensor gradient = bench.of(DType.F32, new float[vocabulary * hidden], vocabulary, hidden);
            Tensor expected = bench.of(weightDtype, before, vocabulary, hidden);
            Tensor weight = bench.of(weightDtype, before, vocabulary, hidden);
            Tensor silent = bench.of(weightDtype, before, vocabulary, hidden);
            Tensor expectedSum = bench.empty(DType.F32, 1);
            Tensor sum = bench.empty(DType.F32, 1);
            Tensor alone = bench.empty(DType.F32, 1);
            Embedding.backward(gradient, d, id);
            LomoUpdate.apply(control, expected, gradient, weightDecay, 0.75, rounding, expectedSum);
            Embedding.lomo(new LomoRule(control, weightDecay, 0.75, rounding, sum), weight, d, id);
            Embedding.lomo(new LomoRule(control, weightDecay, 0.75, rounding, null), silent, d, id);
            Embedding.sumSquares(alone, vocabulary, d, id);
            return List.of(expected, weight, silent, expectedSum, sum, alone);
        });
        String name = weightDtype + " " + dtype + Arrays.toString(shape) + rounding;
        assertEquals(-1, outputs.get(0).bytes().mismatch(outputs.get(1).bytes()), name);
        assertEquals(-1, outputs.get(0).bytes().mismatch(outputs.get(2).bytes()), name);
        double[] sum = {outputs.get(3).floats()[0]};
        outputs.get(4).assertNear(sum, 1e-6, 0);
        outputs.get(5).assertNear(sum, 1e-6, 0);
        if (!ok) {
            assertUnchanged(outputs.get(1), before);
        }
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor weight = bench.empty(DType.F32, 4, 8);
                    Tensor dOut = bench.empty(DType.F32, 3, 8);
                    Tensor sum = bench.empty(DType.F32, 1);
                    return () -> Embedding.sumSquares(sum, weight.size(0), dOut, bench.of(1, 2));
                },
                "embedding_lomo",
                "dOut");
    }
}
