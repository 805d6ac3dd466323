package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.SwiGlu;
import java.util.List;

/** The gated activation {@code silu(gate) * up}. */
public final class SwiGluOperation {
    private SwiGluOperation() {}

    /** Combines gate and up, [rows, intermediate] each, neither of them used by anything else. */
    public static Variable apply(Tape tape, Variable gate, Variable up) {
        Tensor g = gate.value();
        Tensor u = up.value();
        Variable y = tape.empty(g.dtype(), g.shape());
        SwiGlu.forward(y.value(), g, u);
        tape.record(y, List.of(), List.of(gate.shared(), up.shared()), parameters -> {
            GradientTarget dGate = gate.gradientTarget();
            GradientTarget dUp = up.gradientTarget();
            if (dGate.accumulate() || dUp.accumulate()) {
                throw new IllegalStateException("gate and up of a gated activation are used by nothing else");
            }
            SwiGlu.backward(dGate.tensor(), dUp.tensor(), y.gradient(), g, u);
        });
        return y;
    }
}
