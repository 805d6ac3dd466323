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
import java.util.ArrayList;
import java.util.List;

/** The gated activation {@code silu(gate) * up} of gate and up, [rows, intermediate] each, neither of them used by anything else. */
public final class SwiGluOperation {
    private SwiGluOperation() {}

    /** Combines gate and up. */
    public static Variable apply(Tape tape, Variable gate, Variable up) {
        tape.begin("swiglu");
        Tensor g = gate.value();
        Variable y = tape.empty(g.dtype(), g.shape());
        SwiGlu.forward(y.value(), g, up.value());
        List<SharedSaved> saved = save(tape, gate, up);
        tape.record(y.gradient(), List.of(), saved, parameters -> {
            GradientTarget dGate = gate.gradient().target();
            GradientTarget dUp = up.gradient().target();
            if (dGate.accumulate() || dUp.accumulate()) {
                throw new IllegalStateException("gate and up of a gated activation are used by nothing else");
            }
            try (Tensor savedGate = saved.get(0).saved().restore();
                    Tensor savedUp = saved.get(1).saved().restore()) {
                SwiGlu.backward(dGate.tensor(), dUp.tensor(), y.gradient().tensor(), savedGate, savedUp);
            }
        });
        return y;
    }

    /**
     * The same, quantised where it is made, for a linear layer. The gradients of gate and up are quantised where they are made as well: both have to be the
     * outputs of linear layers in FP8.
     */
    public static QuantizedVariable quantized(Tape tape, Variable gate, Variable up, Scaling scaling) {
        tape.begin("swiglu");
        Tensor g = gate.value();
        QuantizedVariable y = QuantizedVariable.operand(tape, g.dtype(), scaling, g.size(0), g.size(1));
        Quantize.swiGlu(y.value(), g, up.value());
        List<SharedSaved> saved = save(tape, gate, up);
        y.madeFrom(saved, transposed -> {
            try (Tensor savedGate = saved.get(0).saved().restore();
                    Tensor savedUp = saved.get(1).saved().restore()) {
                Quantize.swiGluWithScales(transposed, savedGate, savedUp);
            }
        });
        tape.record(y.output(), List.of(), saved, parameters -> {
            QuantizedMatrix dGate = gradient(gate.gradient(), y, scaling);
            QuantizedMatrix dUp = gradient(up.gradient(), y, scaling);
            try (Tensor savedGate = saved.get(0).saved().restore();
                    Tensor savedUp = saved.get(1).saved().restore()) {
                Quantize.swiGluBackward(dGate, dUp, y.gradient().tensor(), savedGate, savedUp);
            }
        });
        return y;
    }

    /** The same of gate and up in groups of 16, which are saved as they are. */
    public static QuantizedVariable quantized(
            Tape tape, QuantizedVariable gate, QuantizedVariable up, Scaling scaling) {
        tape.begin("swiglu");
        QuantizedMatrix g = gate.value();
        QuantizedMatrix u = up.value();
        QuantizedVariable y = QuantizedVariable.operand(tape, gate.gradient().dtype(), scaling, g.rows(), g.columns());
        Quantize.swiGlu(y.value(), g, u);
        List<Held> saved = new ArrayList<>(gate.saved());
        saved.addAll(up.saved());
        y.madeFrom(saved, transposed -> Quantize.swiGluWithScales(transposed, g, u));
        tape.record(
                y.output(),
                List.of(),
                saved,
                parameters -> Quantize.swiGluBackward(
                        gradient(gate.gradient(), y, scaling),
                        gradient(up.gradient(), y, scaling),
                        y.gradient().tensor(),
                        g,
                        u));
        return y;
    }

    private static List<SharedSaved> save(Tape tape, Variable gate, Variable up) {
        Saving saving = tape.policy().gates();
        return List.of(tape.save(gate, saving), tape.save(up, saving));
    }

    /** Memory for the quantised gradient of gate or up. */
    private static QuantizedMatrix gradient(Gradient gradient, QuantizedVariable y, Scaling scaling) {
        Arena arena = y.value().scales().device().arena(MemoryPurpose.ACTIVATIONS);
        QuantizedMatrix empty = QuantizedMatrix.empty(
                arena,
                DType.E5M2,
                scaling,
                Layout.BOTH,
                y.value().rows(),
                y.value().columns());
        gradient.set(empty);
        return empty;
    }
}
