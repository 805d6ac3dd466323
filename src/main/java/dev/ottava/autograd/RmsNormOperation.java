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
        tape.begin("rms_norm");
        Tensor input = x.value();
        Variable y = tape.empty(input.dtype(), input.shape());
        SharedTensor inverseRms = tape.side(DType.F32, input.size(0));
        try (Operand<Tensor> w = Operand.of(weight, input.dtype())) {
            RmsNorm.forward(y.value(), inverseRms.tensor(), input, w.value(), epsilon);
        }
        SharedSaved saved = tape.save(x, tape.policy().norms());
        record(tape, y.gradient(), y.gradient(), x, saved, weight, inverseRms);
        return y;
    }

    /** The same, quantised where it is made, for linear layers; from the FP8 form of x where that is what is saved. */
    public static QuantizedVariable quantized(
            Tape tape, Variable x, Parameter weight, double epsilon, Scaling scaling) {
        tape.begin("rms_norm");
        Tensor input = x.value();
        DType dtype = input.dtype();
        QuantizedVariable y = QuantizedVariable.operand(tape, dtype, scaling, input.size(0), input.size(1));
        SharedTensor inverseRms = tape.side(DType.F32, input.size(0));
        SharedSaved saved = tape.save(x, tape.policy().norms());
        try (Operand<Tensor> w = Operand.of(weight, dtype)) {
            if (saved.saved() instanceof Fp8Groups twin) {
                Quantize.rmsNorm(y.value(), inverseRms.tensor(), twin.matrix(), w.value(), epsilon);
            } else {
                Quantize.rmsNorm(y.value(), inverseRms.tensor(), input, w.value(), epsilon);
            }
        }
        y.madeFrom(List.of(saved, inverseRms), transposed -> {
            try (Operand<Tensor> w = Operand.of(weight, dtype)) {
                if (saved.saved() instanceof Fp8Groups twin) {
                    Quantize.rmsNormWithScales(transposed, inverseRms.tensor(), twin.matrix(), w.value());
                } else {
                    try (Tensor restored = saved.saved().restore()) {
                        Quantize.rmsNormWithScales(transposed, inverseRms.tensor(), restored, w.value());
                    }
                }
            }
        });
        record(tape, y.output(), y.gradient(), x, saved, weight, inverseRms);
        return y;
    }

    private static void record(
            Tape tape,
            Tape.Output y,
            Gradient gradient,
            Variable x,
            SharedSaved saved,
            Parameter weight,
            SharedTensor inverseRms) {
        DType dtype = x.value().dtype();
        tape.record(y, List.of(weight), List.of(saved, inverseRms), parameters -> {
            GradientTarget dX = x.gradient().target();
            GradientTarget dWeight = parameters.open(weight);
            Tensor dY = gradient.tensor();
            Tensor r = inverseRms.tensor();
            boolean addX = dX.accumulate();
            boolean addWeight = dWeight.accumulate();
            try (Operand<Tensor> w = Operand.of(weight, dtype)) {
                if (saved.saved() instanceof Fp8Groups twin) {
                    RmsNorm.backward(dX.tensor(), addX, dWeight.tensor(), addWeight, dY, twin.matrix(), w.value(), r);
                } else {
                    try (Tensor restored = saved.saved().restore()) {
                        RmsNorm.backward(dX.tensor(), addX, dWeight.tensor(), addWeight, dY, restored, w.value(), r);
                    }
                }
            }
            parameters.done(weight);
        });
        inverseRms.release();
    }
}
