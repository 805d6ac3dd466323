package dev.ottava.autograd;

import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Scaling;
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
        tape.record(y.gradient(), List.of(), List.of(gate.shared(), up.shared()), parameters -> {
            GradientTarget dGate = gate.gradient().target();
            GradientTarget dUp = up.gradient().target();
            if (dGate.accumulate() || dUp.accumulate()) {
                throw new IllegalStateException("gate and up of a gated activation are used by nothing else");
            }
            SwiGlu.backward(dGate.tensor(), dUp.tensor(), y.gradient().tensor(), g, u);
        });
        return y;
    }

    /**
     * The same, quantised where it is made, for a linear layer. The gradients of gate and up are quantised where they are made as well: both have to be the
     * outputs of linear layers in FP8.
     */
    public static QuantizedVariable quantized(Tape tape, Variable gate, Variable up, Scaling scaling) {
        Tensor g = gate.value();
        Tensor u = up.value();
        QuantizedVariable y = new QuantizedVariable(tape, g.dtype(), scaling, g.size(0), g.size(1));
        Quantize.swiGlu(y.value(), g, u);
        tape.record(y.gradient(), List.of(), List.of(gate.shared(), up.shared()), parameters -> {
            Arena arena = tape.device().arena(MemoryPurpose.ACTIVATIONS);
            QuantizedMatrix dGate =
                    QuantizedMatrix.empty(arena, DType.E5M2, scaling, Layout.BOTH, g.size(0), g.size(1));
            gate.gradient().set(dGate);
            QuantizedMatrix dUp = QuantizedMatrix.empty(arena, DType.E5M2, scaling, Layout.BOTH, g.size(0), g.size(1));
            up.gradient().set(dUp);
            Quantize.swiGluBackward(dGate, dUp, y.gradient().tensor(), g, u);
        });
        return y;
    }
}
