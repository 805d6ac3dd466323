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
        RmsNorm.forward(y.value(), inverseRms.tensor(), input, weight.weight(), epsilon);
        record(tape, y.gradient(), y.gradient(), x, weight, inverseRms);
        inverseRms.release();
        return y;
    }

    /** The same, quantised where it is made, for linear layers; from the FP8 form of x where that is what is saved. */
    public static QuantizedVariable quantized(
            Tape tape, Variable x, Parameter weight, double epsilon, Scaling scaling) {
        Tensor input = x.value();
        QuantizedVariable y =
                QuantizedVariable.operand(tape, input.dtype(), scaling, input.size(0), input.size(1));
        SharedTensor inverseRms = tape.side(DType.F32, input.size(0));
        SharedSaved saved = tape.save(x, tape.policy().norms());
        if (saved.saved() instanceof Fp8Groups twin) {
            Quantize.rmsNorm(y.value(), inverseRms.tensor(), twin.matrix(), weight.weight(), epsilon);
        } else {
            Quantize.rmsNorm(y.value(), inverseRms.tensor(), input, weight.weight(), epsilon);
        }
        y.madeFrom(List.of(saved, inverseRms), transposed -> {
            if (saved.saved() instanceof Fp8Groups twin) {
                Quantize.rmsNormWithScales(transposed, inverseRms.tensor(), twin.matrix(), weight.weight());
            } else {
                try (Tensor restored = saved.saved().restore()) {
                    Quantize.rmsNormWithScales(transposed, inverseRms.tensor(), restored, weight.weight());
                }
            }
        });
        record(tape, y.output(), y.gradient(), x, weight, inverseRms);
        inverseRms.release();
        return y;
    }

    private static void record(
            Tape tape, Tape.Output y, Gradient dY, Variable x, Parameter weight, SharedTensor inverseRms) {
        SharedSaved saved = tape.save(x, tape.policy().norms());
        tape.record(y, List.of(weight), List.of(saved, inverseRms), parameters -> {
            GradientTarget dX = x.gradient().target();
            GradientTarget dWeight = parameters.open(weight);
            if (saved.saved() instanceof Fp8Groups twin) {
                RmsNorm.backward(
                        dX.tensor(),
                        dX.accumulate(),
                        dWeight.tensor(),
                        dWeight.accumulate(),
                        dY.tensor(),
                        twin.matrix(),
                        weight.weight(),
                        inverseRms.tensor());
            } else {
                try (Tensor input = saved.saved().restore()) {
                    RmsNorm.backward(
                            dX.tensor(),
                            dX.accumulate(),
                            dWeight.tensor(),
                            dWeight.accumulate(),
                            dY.tensor(),
                            input,
                            weight.weight(),
                            inverseRms.tensor());
                }
            }
            parameters.done(weight);
        });
    }
}
