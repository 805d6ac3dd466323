package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.Scaling;
import java.util.List;

/** Quantises the input of linear layers. Its gradient is passed on without a copy, as if nothing had been rounded. */
public final class QuantizeOperation {
    private QuantizeOperation() {}

    /** Quantises x [rows, columns] to E4M3. */
    public static QuantizedVariable apply(Tape tape, Variable x, Scaling scaling) {
        Tensor input = x.value();
        QuantizedVariable y = new QuantizedVariable(tape, input.dtype(), scaling, input.size(0), input.size(1));
        Quantize.quantize(y.value(), input);
        tape.record(
                y.gradient(),
                List.of(),
                List.of(),
                parameters -> x.gradient().add(y.gradient().shared()));
        return y;
    }
}
