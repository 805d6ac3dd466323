package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.RmsNorm;
import java.util.List;

/** Root mean square normalisation. */
public final class RmsNormOperation {
    private RmsNormOperation() {}

    /** Normalises the rows of x [rows, columns] and scales them with the weight [columns]. */
    public static Variable apply(Tape tape, Variable x, Parameter weight, double epsilon) {
        Tensor input = x.value();
        Variable y = tape.empty(input.dtype(), input.shape());
        SharedTensor inverseRms = tape.side(DType.F32, input.size(0));
        RmsNorm.forward(y.value(), inverseRms.tensor(), input, weight.weight(), epsilon);
        tape.record(y, List.of(weight), List.of(x.shared(), inverseRms), parameters -> {
            GradientTarget dX = x.gradientTarget();
            GradientTarget dWeight = parameters.open(weight);
            RmsNorm.backward(
                    dX.tensor(),
                    dX.accumulate(),
                    dWeight.tensor(),
                    dWeight.accumulate(),
                    y.gradient(),
                    input,
                    weight.weight(),
                    inverseRms.tensor());
            parameters.done(weight);
        });
        inverseRms.release();
        return y;
    }
}
