package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.RmsNormOracle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RmsNormContractTest extends Contract {
    private static final double EPSILON = 1e-5;
    private static final int[][] SHAPES = {{1, 1}, {1, 7}, {7, 16}, {17, 31}, {33, 256}, {5, 1031}, {67, 512}, {5, 8200}
    };

    @Test
    void forward() {
        for (DType dtype : DTYPES) {
            for (int[] shape : SHAPES) {
                compareForward(dtype, shape[0], shape[1], gaussian(dtype, shape[0] * shape[1], 2));
            }
        }
    }

    @Test
    void specialRows() {
        for (DType dtype : DTYPES) {
            int columns = 37;
            float[] x = gaussian(dtype, 5 * columns, 1);
            Arrays.fill(x, 0, columns, 0); // epsilon alone
            x[columns + 3] = Float.NaN;
            for (int j = 0; j < columns; j++) {
                x[2 * columns + j] *= 0x1p55f;
                x[3 * columns + j] *= 0x1p-100f;
            }
            compareForward(dtype, 5, columns, x);
        }
    }

    private void compareForward(DType dtype, int rows, int columns, float[] x) {
        float[] weight = gaussian(dtype, columns, 1);
        double[] y = new double[rows * columns];
        double[] r = new double[rows];
        for (int i = 0; i < rows; i++) {
            double[] row = row(x, i, columns);
            r[i] = RmsNormOracle.inverseRms(row, EPSILON);
            System.arraycopy(RmsNormOracle.forward(row, doubles(weight), EPSILON), 0, y, i * columns, columns);
        }
        List<Output> outputs = run(bench -> {
            Tensor out = bench.empty(dtype, rows, columns);
            Tensor inverseRms = bench.empty(DType.F32, rows);
            RmsNorm.forward(
                    out, inverseRms, bench.of(dtype, x, rows, columns), bench.of(dtype, weight, columns), EPSILON);
            return List.of(out, inverseRms);
        });
        outputs.get(0).assertNear(y, 3e-6, 1e-37);
        outputs.get(1).assertNear(r, 3e-6, 0);
    }

    @Test
    void backward() {
        for (DType dtype : DTYPES) {
            for (int[] shape : SHAPES) {
                for (boolean accumulate : new boolean[] {false, true}) {
                    compareBackward(dtype, shape[0], shape[1], accumulate, !accumulate);
                    compareBackward(dtype, shape[0], shape[1], accumulate, accumulate);
                }
            }
        }
    }

    private void compareBackward(DType dtype, int rows, int columns, boolean accumulateDX, boolean accumulateDWeight) {
        float[] x = gaussian(dtype, rows * columns, 2);
        float[] dY = gaussian(dtype, rows * columns, 1);
        float[] weight = gaussian(dtype, columns, 1);
        float[] dXBefore = gaussian(dtype, rows * columns, 1);
        float[] dWeightBefore = gaussian(DType.F32, columns, 1);
        float[] inverseRms = new float[rows];
        double[] dX = accumulateDX ? doubles(dXBefore) : new double[rows * columns];
        double[] dWeight = accumulateDWeight ? doubles(dWeightBefore) : new double[columns];
        double largest = 1;
        for (int i = 0; i < rows; i++) {
            double[] row = row(x, i, columns);
            double[] d = row(dY, i, columns);
            inverseRms[i] = (float) RmsNormOracle.inverseRms(row, EPSILON);
            largest = Math.max(largest, inverseRms[i]);
            double[] toX = RmsNormOracle.inputGradient(d, row, doubles(weight), inverseRms[i]);
            double[] toWeight = RmsNormOracle.weightGradient(d, row, inverseRms[i]);
            for (int j = 0; j < columns; j++) {
                dX[i * columns + j] += toX[j];
                dWeight[j] += toWeight[j];
            }
        }
        List<Output> outputs = run(bench -> {
            Tensor toX = accumulateDX ? bench.of(dtype, dXBefore, rows, columns) : bench.empty(dtype, rows, columns);
            Tensor toWeight =
                    accumulateDWeight ? bench.of(DType.F32, dWeightBefore, columns) : bench.empty(DType.F32, columns);
            RmsNorm.backward(
                    toX,
                    accumulateDX,
                    toWeight,
                    accumulateDWeight,
                    bench.of(dtype, dY, rows, columns),
                    bench.of(dtype, x, rows, columns),
                    bench.of(dtype, weight, columns),
                    bench.of(DType.F32, inverseRms, rows));
            return List.of(toX, toWeight);
        });
        outputs.get(0).assertNear(dX, 1e-6, 1e-5 * largest); // the two terms may cancel
        outputs.get(1).assertNear(dWeight, 1e-5, 2e-5);
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor x = bench.empty(DType.F32, 2, 3);
                    Tensor r = bench.empty(DType.F32, 2);
                    Tensor weight = bench.empty(DType.F32, 4);
                    return () -> RmsNorm.forward(x, r, x, weight, EPSILON);
                },
                "rms_norm",
                "weight",
                "[3]");
        assertRefused(
                bench -> {
                    Tensor x = bench.empty(DType.BF16, 2, 3);
                    Tensor r = bench.empty(DType.BF16, 2);
                    return () -> RmsNorm.forward(x, r, x, x.rows(0, 1).view(3), EPSILON);
                },
                "inverseRms",
                "F32");
    }
}
