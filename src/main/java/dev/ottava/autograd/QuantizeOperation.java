package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.Scaling;
import java.util.List;

/** Quantises the input of linear layers. Its gradient is passed on without a copy, as if nothing had been rounded. */
public final class QuantizeOperation {
    private QuantizeOperation() {}

    /**
     * Quantises x [rows, columns] to E4M3.
     *
     * @param producer how the operation that made x saves it: from that, the codes are made again where they are not saved
     */
    public static QuantizedVariable apply(Tape tape, Variable x, Scaling scaling, Saving producer) {
        tape.begin("quantize");
        Tensor input = x.value();
        QuantizedVariable y = QuantizedVariable.operand(tape, input.dtype(), scaling, input.size(0), input.size(1));
        Quantize.quantize(y.value(), input);
        SharedSaved saved = tape.save(x, producer);
        y.madeFrom(List.of(saved), transposed -> {
            try (Tensor restored = saved.saved().restore()) {
                Quantize.quantizeWithScales(transposed, restored);
            }
        });
        tape.record(
                y.output(),
                List.of(),
                List.of(),
                parameters -> x.gradient().add(y.gradient().shared()));
        return y;
    }
}
