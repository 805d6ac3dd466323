package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * A value computed on a {@link Tape}, with its gradient during the backward pass. Closing it says that the forward pass needs it no more; operations that
 * need it in the backward pass hold on to its memory.
 */
public final class Variable implements LinearInput {
    private final SharedTensor value;
    private final Gradient gradient;
    private final Map<Saving, SharedSaved> saved = new HashMap<>();
    private boolean closed;

    Variable(SharedTensor value) {
        this.value = value;
        Tensor tensor = value.tensor();
        this.gradient = new Gradient(tensor.device(), tensor.dtype(), tensor.shape());
    }

    /** The value. It may be used while the variable is open. */
    public Tensor value() {
        return value.tensor();
    }

    SharedTensor shared() {
        return value;
    }

    /** The value as an operation saves it: made when it is first asked for, and held on to by whoever needs it longer than this variable is open. */
    SharedSaved saved(Saving saving) {
        return saved.computeIfAbsent(saving, form -> new SharedSaved(form.save(this)));
    }

    /** Notes a form that was made together with the value; it is freed with the variable. */
    void savedAs(Saving saving, Saving.Saved form) {
        saved.put(saving, new SharedSaved(form));
    }

    Gradient gradient() {
        return gradient;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            saved.values().forEach(SharedSaved::release);
            value.release();
        }
    }
}
