package dev.ottava.autograd;

import dev.ottava.kernel.Elementwise;
import java.util.List;

/** {@code a + b}: the residual connection. Its gradient is passed on without a copy. */
public final class AddOperation {
    private AddOperation() {}

    /** Adds two variables of one shape. */
    public static Variable apply(Tape tape, Variable a, Variable b) {
        Variable y = tape.empty(a.value().dtype(), a.value().shape());
        Elementwise.add(y.value(), a.value(), b.value());
        tape.record(y.gradient(), List.of(), List.of(), parameters -> {
            a.gradient().add(y.gradient().shared());
            b.gradient().add(y.gradient().shared());
        });
        return y;
    }
}
