package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Work;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.RmsNorm;
import java.util.ArrayList;
import java.util.List;

/**
 * RMSNorm, beside a copy of as many bytes. Forward: x in, y out, weight and inverse roots; 4 operations an element. Backward: x and dY in, dX out,
 * weight, its gradient and inverse roots; 10 operations an element (3 for the row's dot product, 4 for dX, 3 for dW).
 */
final class NormSuite implements Suite {
    private static final double EPSILON = 1e-5;

    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (DType dtype : scale.dtypes()) {
            cases.add(forward(scale.rows(), scale.hidden(), dtype));
            cases.add(backward(scale.rows(), scale.hidden(), dtype));
        }
        cases.addAll(SavedCases.norm(scale));
        return cases;
    }

    private static Case forward(long rows, long columns, DType dtype) {
        double elements = (double) rows * columns;
        Work work = new Work(dtype.bytes() * (2 * elements + columns) + 4.0 * rows, 4 * elements);
        return Case.cold("rms_norm forward", Scale.shape(rows, columns), dtype, work, tensors -> {
            Tensor x = tensors.random(dtype, rows, columns);
            Tensor weight = tensors.random(dtype, columns);
            Tensor y = tensors.empty(dtype, rows, columns);
            Tensor inverseRms = tensors.empty(DType.F32, rows);
            return tensors.besideCopy(work.bytes(), () -> RmsNorm.forward(y, inverseRms, x, weight, EPSILON));
        });
    }

    private static Case backward(long rows, long columns, DType dtype) {
        double elements = (double) rows * columns;
        Work work = new Work(dtype.bytes() * (3 * elements + columns) + 4.0 * (rows + columns), 10 * elements);
        return Case.cold("rms_norm backward", Scale.shape(rows, columns), dtype, work, tensors -> {
            Tensor x = tensors.random(dtype, rows, columns);
            Tensor dY = tensors.random(dtype, rows, columns);
            Tensor weight = tensors.random(dtype, columns);
            Tensor inverseRms = tensors.random(DType.F32, rows);
            Tensor dX = tensors.empty(dtype, rows, columns);
            Tensor dWeight = tensors.empty(DType.F32, columns);
            return tensors.besideCopy(
                    work.bytes(), () -> RmsNorm.backward(dX, false, dWeight, false, dY, x, weight, inverseRms));
        });
    }
}
