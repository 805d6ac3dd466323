package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;

/**
 * A weight as an operation takes it. Closing it frees what was made for this one use.
 *
 * @param temporary null where the value lives on
 */
record Operand<T>(T value, Tensor temporary) implements AutoCloseable {
    /** A weight of F32 or BF16 in the dtype of a computation: itself, or a copy in the workspace. Null stays null. */
    static Operand<Tensor> of(Tensor weight, DType dtype) {
        if (weight == null || weight.dtype() == dtype) {
            return new Operand<>(weight, null);
        }
        Tensor copy = weight.device().arena(MemoryPurpose.WORKSPACE).empty(dtype, weight.shape());
        Elementwise.cast(copy, weight);
        return new Operand<>(copy, copy);
    }

    /** That of an optional parameter. */
    static Operand<Tensor> of(Parameter optional, DType dtype) {
        return of(optional == null ? null : optional.weight(), dtype);
    }

    @Override
    public void close() {
        if (temporary != null) {
            temporary.close();
        }
    }
}
