package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.RmsNorm;
import dev.ottava.kernel.Scaling;
import java.util.List;

/** Root mean square normalisation. */
public final class RmsNormOperation {
    private RmsNormOperation() {}

    /** Normalises the rows of x [rows, columns] and scales them with the weight [columns]. */
    public static Variable apply(Tape tape, Variable x, Parameter weight, double epsilon) {
        Tensor input = x.value();
        Variable y = tape.empty(input.dtype(), input.shape());
        SharedTensor inverseRms = tape.side(DType.F32, input.size(0));
        try (Operand<Tensor> w = Operand.of(weight, input.dtype())) {
            RmsNorm.forward(y.value(), inverseRms.tensor(), input, w.value(), epsilon);
        }
        record(tape, y.gradient(), x, weight, inverseRms);
        return y;
    }

    /** The same, quantised where it is made, for linear layers. */
    public static QuantizedVariable quantized(
            Tape tape, Variable x, Parameter weight, double epsilon, Scaling scaling) {
        Tensor input = x.value();
        QuantizedVariable y = new QuantizedVariable(tape, input.dtype(), scaling, input.size(0), input.size(1));
        SharedTensor inverseRms = tape.side(DType.F32, input.size(0));
        try (Operand<Tensor> w = Operand.of(weight, input.dtype())) {
            Quantize.rmsNorm(y.value(), inverseRms.tensor(), input, w.value(), epsilon);
        }
        record(tape, y.gradient(), x, weight, inverseRms);
        return y;
    }

    private static void record(Tape tape, Gradient dY, Variable x, Parameter weight, SharedTensor inverseRms) {
        Tensor input = x.value();
        tape.record(dY, List.of(weight), List.of(x.shared(), inverseRms), parameters -> {
            GradientTarget dX = x.gradient().target();
            GradientTarget dWeight = parameters.open(weight);
            try (Operand<Tensor> w = Operand.of(weight, input.dtype())) {
                RmsNorm.backward(
                        dX.tensor(),
                        dX.accumulate(),
                        dWeight.tensor(),
                        dWeight.accumulate(),
                        dY.tensor(),
                        input,
                        w.value(),
                        inverseRms.tensor());
            }
            parameters.done(weight);
        });
        inverseRms.release();
    }
}
