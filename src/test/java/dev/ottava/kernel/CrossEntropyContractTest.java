package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.CrossEntropyOracle;
import java.util.ArrayList;
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
        compareTiles(
                dtype, logits, targets, vocabulary, Math.max(1, (vocabulary / 3 + 127) / 128 * 128), losses, gradient);
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

    /** Tiles of any width give the losses and the gradient of the whole. */
    private void compareTiles(
            DType dtype, float[] logits, int[] targets, int vocabulary, int width, double[] losses, double[] gradient) {
        int rows = targets.length;
        List<Output> outputs = run(bench -> {
            Tensor loss = bench.empty(DType.F32, rows);
            Tensor running = bench.empty(DType.F32, rows, 3);
            Tensor ids = bench.of(targets);
            Tensor scale = bench.of(DType.F32, new float[] {SCALE}, 1);
            List<Tensor> tiles = new ArrayList<>();
            for (int first = 0; first < vocabulary; first += width) {
                int columns = Math.min(width, vocabulary - first);
                tiles.add(bench.of(DType.F32, columns(logits, rows, first, columns), rows, columns));
            }
            for (int i = 0; i < tiles.size(); i++) {
                CrossEntropy.tile(loss, running, tiles.get(i), ids, vocabulary, (long) i * width);
            }
            List<Tensor> results = new ArrayList<>(List.of(loss));
            for (int i = 0; i < tiles.size(); i++) {
                Tensor x = tiles.get(i);
                Tensor dLogits = bench.empty(dtype, rows, x.size(1));
                CrossEntropy.tileGradient(dLogits, x, ids, running, scale, (long) i * width);
                CrossEntropy.tileGradient(x, x, ids, running, scale, (long) i * width); // in place
                results.add(dLogits);
                results.add(x);
            }
            return results;
        });
        outputs.get(0).assertNear(losses, 1e-6, 1e-6);
        for (int i = 1; i < outputs.size(); i++) {
            int first = (i - 1) / 2 * width;
            int columns = Math.min(width, vocabulary - first);
            outputs.get(i).assertNear(columns(gradient, rows, first, columns), 3e-6, 1e-7);
        }
    }

    private static float[] columns(float[] matrix, int rows, int first, int columns) {
        float[] part = new float[rows * columns];
        for (int i = 0; i < rows; i++) {
            System.arraycopy(matrix, i * (matrix.length / rows) + first, part, i * columns, columns);
        }
        return part;
    }

    private static double[] columns(double[] matrix, int rows, int first, int columns) {
        double[] part = new double[rows * columns];
        for (int i = 0; i < rows; i++) {
            System.arraycopy(matrix, i * (matrix.length / rows) + first, part, i * columns, columns);
        }
        return part;
    }

    @Test
    void tilesOutsideTheVocabularyAreRefused() {
        assertRefused(
                bench -> {
                    Tensor logits = bench.of(DType.F32, new float[8], 2, 4);
                    Tensor losses = bench.empty(DType.F32, 2);
                    Tensor running = bench.empty(DType.F32, 2, 3);
                    Tensor targets = bench.of(3, 3);
                    return () -> CrossEntropy.tile(losses, running, logits, targets, 6, 3);
                },
                "4 columns from 3",
                "vocabulary of 6");
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
            Tensor tiled = bench.of(DType.F32, new float[2], 2);
            Tensor running = bench.empty(DType.F32, 2, 3);
            CrossEntropy.tile(tiled, running, bench.of(DType.F32, new float[6], 2, 3), bench.of(3, 4), 4, 0);
            CrossEntropy.tile(tiled, running, bench.of(DType.F32, new float[2], 2, 1), bench.of(3, 4), 4, 3);
            return List.of(losses, tiled);
        });
        for (Output output : outputs) {
            output.assertNear(new double[] {Math.log(4), Double.NaN}, 1e-6, 0);
        }
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
