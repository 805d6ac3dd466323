package dev.ottava.autograd;

import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Quantize;
import java.util.List;

/** {@code a + b}: the residual connection. Its gradient is passed on without a copy. */
public final class AddOperation {
    private AddOperation() {}

    /**
     * Adds two variables of one shape.
     *
     * @param reader how the operation that reads the sum will save it, so that an FP8 form is made in the same pass
     */
    public static Variable apply(Tape tape, Variable a, Variable b, Saving reader) {
        tape.begin("add");
        Variable y = tape.empty(a.value().dtype(), a.value().shape());
        if (reader == Saving.FP8) {
            Fp8Groups twin = Fp8Groups.empty(y.value());
            Quantize.addAndQuantize(y.value(), twin.matrix(), a.value(), b.value());
            y.savedAs(reader, twin);
        } else {
            Elementwise.add(y.value(), a.value(), b.value());
        }
        tape.record(y.gradient(), List.of(), List.of(), parameters -> {
            a.gradient().add(y.gradient().shared());
            b.gradient().add(y.gradient().shared());
        });
        return y;
    }
}
