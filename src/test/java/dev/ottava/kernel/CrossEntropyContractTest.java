package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.CrossEntropyOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class CrossEntropyContractTest extends Contract {
    private static final float SCALE = 0.125f;

    @Test
    void lossAndGradient() {
        int[][] shapes = {{1, 1}, {3, 7}, {7, 127}, {20, 2048}, {5, 4099}};
        for (DType dtype : DTYPES) {
            for (int[] shape : shapes) {
                int[] targets = random.ints(shape[0], 0, shape[1]).toArray();
                targets[shape[0] / 2] = shape[0] > 1 ? -100 : 0;
                compare(dtype, gaussian(DType.F32, shape[0] * shape[1], 3), targets, shape[1]);
            }
        }
    }

    @Test
    void specialRows() {
        int vocabulary = 3000;
        float[] logits = gaussian(DType.F32, 6 * vocabulary, 1);
        for (int j = 0; j < vocabulary; j++) {
            logits[j] = 0; // the loss is log(vocabulary)
            logits[vocabulary + j] += 1e4f;
            logits[2 * vocabulary + j] -= 1e30f;
        }
        Arrays.fill(logits, 3 * vocabulary, 4 * vocabulary - 2, Float.NEGATIVE_INFINITY); // forbidden tokens
        logits[4 * vocabulary + 1] = Float.NaN;
        logits[5 * vocabulary + 2] = Float.NaN; // in a masked row
        int[] targets = {5, 6, 7, vocabulary - 1, 9, -1};
        for (DType dtype : DTYPES) {
            compare(dtype, logits, targets, vocabulary);
        }
    }

    private void compare(DType dtype, float[] logits, int[] targets, int vocabulary) {
        int rows = targets.length;
        double[] losses = new double[rows];
        double[] gradient = new double[rows * vocabulary];
        for (int i = 0; i < rows; i++) {
            double[] row = row(logits, i, vocabulary);
            losses[i] = CrossEntropyOracle.loss(row, targets[i]);
            System.arraycopy(
                    CrossEntropyOracle.gradient(row, targets[i], SCALE), 0, gradient, i * vocabulary, vocabulary);
        }
        List<Output> outputs = run(bench -> {
            Tensor x = bench.of(DType.F32, logits, rows, vocabulary);
            Tensor loss = bench.empty(DType.F32, rows);
            Tensor lossAlone = bench.empty(DType.F32, rows);
            Tensor dLogits = bench.empty(dtype, rows, vocabulary);
            Tensor scale = bench.of(DType.F32, new float[] {SCALE}, 1);
            CrossEntropy.apply(lossAlone, null, x, bench.of(targets), null);
            CrossEntropy.apply(loss, dLogits, x, bench.of(targets), scale);
            CrossEntropy.apply(loss, x, x, bench.of(targets), scale); // in place
            return List.of(loss, lossAlone, dLogits, x);
        });
        for (Output output : outputs.subList(0, 2)) {
            output.assertNear(losses, 1e-6, 1e-6);
        }
        for (Output output : outputs.subList(2, 4)) {
            output.assertNear(gradient, 3e-6, 1e-7);
        }
    }

    /** A target beyond the vocabulary is refused, or gives a loss that cannot be overlooked. */
    @Test
    void targetBeyondTheVocabulary() {
        if (deviceName.equals("cpu")) {
            assertRefused(
                    bench -> {
                        Tensor logits = bench.of(DType.F32, new float[8], 2, 4);
                        Tensor losses = bench.empty(DType.F32, 2);
                        Tensor targets = bench.of(3, 4);
                        return () -> CrossEntropy.apply(losses, null, logits, targets, null);
                    },
                    "target 4",
                    "position 1",
                    "vocabulary of 4");
            return;
        }
        List<Output> outputs = run(bench -> {
            Tensor losses = bench.of(DType.F32, new float[2], 2);
            CrossEntropy.apply(losses, null, bench.of(DType.F32, new float[8], 2, 4), bench.of(3, 4), null);
            return List.of(losses);
        });
        outputs.get(0).assertNear(new double[] {Math.log(4), Double.NaN}, 1e-6, 0);
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor logits = bench.of(DType.F32, new float[8], 2, 4);
                    Tensor losses = bench.empty(DType.F32, 2);
                    Tensor targets = bench.of(3, 3);
                    return () -> CrossEntropy.apply(losses, logits, logits, targets, null);
                },
                "cross_entropy",
                "scale");
    }
}
