package dev.ottava.autograd;

import java.util.List;
import java.util.function.BiFunction;

/** Activation checkpointing (Chen et al., 2016): keeps the input of a part of the model, and runs the part again for the backward pass. */
public final class Recompute {
    private Recompute() {}

    /**
     * Runs a part of the model without saving what is inside it.
     *
     * @param part a pure function of its variable, whose parameters are used nowhere else; it may run twice
     */
    public static Variable apply(Tape tape, Variable x, BiFunction<Tape, Variable, Variable> part) {
        if (!tape.isRecording()) {
            return part.apply(tape, x);
        }
        Variable y;
        try (Tape forward = Tape.notRecording(tape.device())) {
            forward.use(tape.policy());
            y = part.apply(forward, x);
        }
        SavingPolicy policy = tape.policy();
        tape.record(y.gradient(), List.of(), List.of(x.shared()), parameters -> {
            try (Tape again = Tape.recording(tape.device());
                    Variable input = Tape.sharing(x)) {
                again.use(policy);
                try (Variable output = part.apply(again, input)) {
                    output.gradient().add(y.gradient().shared());
                    // The gradient of y is now that of output alone, so that it can be added to in place.
                    y.gradient().release();
                }
                again.backward(parameters, false);
                x.gradient().add(input.gradient().shared());
                input.gradient().release();
            }
        });
        return y;
    }
}
