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
     * @param weight [out, in]
     * @param bias [out], or null
     * @return [rows, out]
     */
    public static Variable apply(Tape tape, Variable x, Parameter weight, Parameter bias) {
        Tensor w = weight.weight();
        Variable y = tape.empty(x.value().dtype(), x.value().size(0), w.size(0));
        Gemm.multiply(y.value(), x.value(), false, w, false, bias == null ? null : bias.weight(), false);
        List<Parameter> used = Stream.of(weight, bias).filter(p -> p != null).toList();
        SharedSaved saved = tape.save(x, tape.policy().operands());
        tape.record(y.gradient(), used, List.of(saved), parameters -> {
            // The gradient of x first: handing on the weight's gradient changes the weight.
            GradientTarget dX = x.gradient().target();
            Gemm.inputGradient(dX.tensor(), y.gradient().tensor(), w, dX.accumulate());
            GradientTarget dW = parameters.open(weight);
            try (Tensor input = saved.saved().restore()) {
                Gemm.weightGradient(dW.tensor(), y.gradient().tensor(), input, dW.accumulate());
            }
            parameters.done(weight);
            if (bias != null) {
                GradientTarget dBias = parameters.open(bias);
                Elementwise.columnSum(dBias.tensor(), y.gradient().tensor(), dBias.accumulate());
                parameters.done(bias);
            }
        });
        return y;
    }
}
