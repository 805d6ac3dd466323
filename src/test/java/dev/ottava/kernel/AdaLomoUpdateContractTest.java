package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.UpdateOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdaLomoUpdateContractTest extends UpdateContract {
    private static final int[][] SHAPES = {{1, 1}, {1, 17}, {7, 5}, {33, 64}, {67, 300}};
    private static final float RATE = 0.01f;

    /** One case: the weight and gradient of a matrix and its states before the step. */
    private record Case(DType dtype, int rows, int columns, int step, double maxValue, Rounding rounding, boolean ok) {}

    @Test
    void matrices() {
        for (DType dtype : DTYPES) {
            for (int[] shape : SHAPES) {
                for (int step : new int[] {1, 5}) {
                    compareMatrix(new Case(dtype, shape[0], shape[1], step, 0, Rounding.NEAREST, true));
                    compareMatrix(new Case(dtype, shape[0], shape[1], step, 0.75, Rounding.NEAREST, true));
                    compareMatrix(new Case(dtype, shape[0], shape[1], step, 0, Rounding.NEAREST, false));
                    compareMatrix(new Case(dtype, shape[0], shape[1], step, 0, STOCHASTIC, true));
                }
            }
        }
    }

    /** More rows than any device has groups of rows, beginning at each place among the random bits of a counter. */
    @Test
    void tallMatrices() {
        compareMatrix(new Case(DType.F32, 4100, 16, 5, 0.75, Rounding.NEAREST, true));
        compareMatrix(new Case(DType.BF16, 4100, 13, 1, 0, STOCHASTIC, true));
    }

    private void compareMatrix(Case c) {
        int count = c.rows * c.columns;
        float[] weight = gaussian(c.dtype, count, 0.05);
        float[] gradient = gaussian(DType.F32, count, 1);
        if (c.rows == 7) {
            Arrays.fill(gradient, c.columns, 2 * c.columns, 0);
        }
        float[] row = state(c.rows, c.step);
        float[] column = state(c.columns, c.step);
        double[] expected = doubles(weight);
        double[] expectedRow = doubles(row);
        double[] expectedColumn = doubles(column);
        UpdateOracle.adaLomo(
                expected, doubles(gradient), expectedRow, expectedColumn, c.step, RATE, WEIGHT_DECAY, clip(c.maxValue));
        List<Output> outputs = update(c.step, RATE, c.ok, (bench, control) -> {
            Tensor w = bench.of(c.dtype, weight, c.rows, c.columns);
            Tensor g = bench.of(DType.F32, gradient, c.rows, c.columns);
            Tensor r = bench.of(DType.F32, row, c.rows);
            Tensor s = bench.of(DType.F32, column, c.columns);
            Tensor sum = bench.empty(DType.F32, 1);
            AdaLomoUpdate.applyToMatrix(control, w, g, r, s, WEIGHT_DECAY, c.maxValue, c.rounding, sum);
            return List.of(w, sum, r, s);
        });
        compare(c, outputs, weight, expected, gradient);
        if (c.ok) {
            outputs.get(2).assertNear(expectedRow, 1e-6, 0);
            outputs.get(3).assertNear(expectedColumn, 1e-6, 0);
        } else {
            assertUnchanged(outputs.get(2), row);
            assertUnchanged(outputs.get(3), column);
        }
    }

    @Test
    void vectors() {
        for (DType dtype : DTYPES) {
            for (int count : new int[] {1, 17, 255, 4099, 20_011}) {
                for (int step : new int[] {1, 5}) {
                    compareVector(new Case(dtype, 1, count, step, 0, Rounding.NEAREST, true));
                    compareVector(new Case(dtype, 1, count, step, 0.75, Rounding.NEAREST, true));
                    compareVector(new Case(dtype, 1, count, step, 0, Rounding.NEAREST, false));
                    compareVector(new Case(dtype, 1, count, step, 0, STOCHASTIC, true));
                }
            }
        }
    }

    private void compareVector(Case c) {
        float[] weight = gaussian(c.dtype, c.columns, 0.05);
        float[] gradient = gaussian(DType.F32, c.columns, 1);
        float[] moment = state(c.columns, c.step);
        double[] expected = doubles(weight);
        double[] expectedMoment = doubles(moment);
        UpdateOracle.adaLomo(expected, doubles(gradient), expectedMoment, c.step, RATE, WEIGHT_DECAY, clip(c.maxValue));
        List<Output> outputs = update(c.step, RATE, c.ok, (bench, control) -> {
            Tensor w = bench.of(c.dtype, weight, c.columns);
            Tensor g = bench.of(DType.F32, gradient, c.columns);
            Tensor v = bench.of(DType.F32, moment, c.columns);
            Tensor sum = bench.empty(DType.F32, 1);
            AdaLomoUpdate.applyToVector(control, w, g, v, WEIGHT_DECAY, c.maxValue, c.rounding, sum);
            return List.of(w, sum, v);
        });
        compare(c, outputs, weight, expected, gradient);
        if (c.ok) {
            outputs.get(2).assertNear(expectedMoment, 1e-6, 0);
        } else {
            assertUnchanged(outputs.get(2), moment);
        }
    }

    private static void compare(Case c, List<Output> outputs, float[] weight, double[] expected, float[] gradient) {
        if (!c.ok) {
            assertUnchanged(outputs.get(0), weight);
        } else if (c.rounding.stochastic() && c.dtype == DType.BF16) {
            assertRoundedStochastically(outputs.get(0), expected, c.step);
        } else {
            outputs.get(0).assertNear(expected, 1e-6, 1e-8);
        }
        outputs.get(1).assertNear(new double[] {UpdateOracle.sumSquares(doubles(gradient))}, 1e-6, 0);
    }

    /** Zeros before the first step, positive later. */
    private float[] state(int count, int step) {
        float[] state = new float[count];
        for (int i = 0; step > 1 && i < count; i++) {
            state[i] = 0.01f + random.nextFloat();
        }
        return state;
    }

    /** R / mean(R) of a row of zeros beside one of 1e17 is less than the least float. */
    @Test
    void zeroGradientsBesideHugeOnesGiveNoNan() {
        float[] gradient = gaussian(DType.F32, 6, 1e17);
        Arrays.fill(gradient, 2, 4, 0);
        float[] weight = gaussian(DType.F32, 6, 1);
        for (float[] g : List.of(gradient, new float[6])) {
            List<Output> outputs = update(1, RATE, true, (bench, control) -> {
                Tensor w = bench.of(DType.F32, weight, 3, 2);
                Tensor v = bench.of(DType.F32, weight, 6);
                Tensor gradients = bench.of(DType.F32, g, 3, 2);
                Tensor row = bench.of(DType.F32, new float[3], 3);
                Tensor column = bench.of(DType.F32, new float[2], 2);
                Tensor moment = bench.of(DType.F32, new float[6], 6);
                AdaLomoUpdate.applyToMatrix(control, w, gradients, row, column, 0, 0, Rounding.NEAREST, null);
                AdaLomoUpdate.applyToVector(control, v, gradients.view(6), moment, 0, 0, Rounding.NEAREST, null);
                return List.of(w, v);
            });
            for (Output output : outputs) {
                for (float value : output.floats()) {
                    assertTrue(Float.isFinite(value), output.name());
                }
            }
        }
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor weight = bench.empty(DType.F32, 4);
                    return () -> AdaLomoUpdate.applyToMatrix(
                            null, weight, weight, weight, weight, 0, 0, Rounding.NEAREST, null);
                },
                "adalomo_update",
                "not a matrix");
        assertRefused(
                bench -> {
                    Tensor weight = bench.empty(DType.F32, 2, 3);
                    Tensor state = bench.empty(DType.F32, 3);
                    return () -> AdaLomoUpdate.applyToMatrix(
                            null, weight, weight, state, state, 0, 0, Rounding.NEAREST, null);
                },
                "row",
                "2 elements");
    }
}
