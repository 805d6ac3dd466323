package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Gemm;
import java.util.List;
import java.util.stream.Stream;

/** {@code y = x Wᵀ (+ bias)}. */
public final class LinearOperation {
    private LinearOperation() {}

    /**
     * Applies a linear layer.
     *
     * @param x [rows, in]
     * @param weight [out, in], in a precision that computes in the dtype of x
     * @param bias [out], or null
     * @return [rows, out]
     */
    public static Variable apply(Tape tape, Variable x, LinearWeight weight, Parameter bias) {
        tape.begin("linear");
        Parameter parameter = weight.parameter();
        Tensor input = x.value();
        Variable y = tape.empty(input.dtype(), input.size(0), parameter.weight().size(0));
        try (Operand<Tensor> w = weight.matrix();
                Operand<Tensor> b = Operand.of(bias, input.dtype())) {
            Gemm.multiply(y.value(), input, false, w.value(), false, b.value(), false);
        }
        List<Parameter> used = Stream.of(parameter, bias).filter(p -> p != null).toList();
        SharedSaved saved = tape.save(x, tape.policy().operands());
        tape.record(y.gradient(), used, List.of(saved), parameters -> {
            // The gradient of x first: handing on the weight's gradient changes the weight.
            GradientTarget dX = x.gradient().target();
            try (Operand<Tensor> w = weight.matrix()) {
                Gemm.inputGradient(dX.tensor(), y.gradient().tensor(), w.value(), dX.accumulate());
            }
            try (Tensor restored = saved.saved().restore()) {
                GradientEpilogue epilogue = parameters.epilogue(parameter);
                if (epilogue != null) {
                    epilogue.take(parameter, y.gradient().tensor(), restored);
                    parameters.taken(parameter);
                } else {
                    GradientTarget dW = parameters.open(parameter);
                    Gemm.weightGradient(dW.tensor(), y.gradient().tensor(), restored, dW.accumulate());
                    parameters.done(parameter);
                }
            }
            if (bias != null) {
                GradientTarget dBias = parameters.open(bias);
                Elementwise.columnSum(dBias.tensor(), y.gradient().tensor(), dBias.accumulate());
                parameters.done(bias);
            }
        });
        return y;
    }
}
