package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Scaling;
import java.util.List;

/**
 * The input of linear layers in FP8, [rows, columns] of E4M3: codes for the forward pass and, on a tape that records, transposed codes for the gradients of the
 * weights, the only copy that is saved. Its gradient is a tensor of the dtype it was quantised from.
 */
public final class QuantizedVariable implements LinearInput {
    private final QuantizedMatrix value;
    private final SharedTensor codes;
    private final SharedTensor transposed;
    private final SharedTensor scales;
    private final Gradient gradient;
    private boolean closed;

    /** A variable whose value is not yet computed. */
    QuantizedVariable(Tape tape, DType gradientDType, Scaling scaling, long rows, long columns) {
        value = QuantizedMatrix.empty(
                tape.device().arena(MemoryPurpose.ACTIVATIONS),
                DType.E4M3,
                scaling,
                tape.isRecording() ? Layout.BOTH : Layout.CODES,
                rows,
                columns);
        codes = new SharedTensor(value.codes());
        transposed = tape.isRecording() ? new SharedTensor(value.transposed()) : null;
        scales = new SharedTensor(value.scales());
        gradient = new Gradient(tape.device(), gradientDType, rows, columns);
    }

    /** The value. It may be used while the variable is open. */
    public QuantizedMatrix value() {
        return value;
    }

    /** The value without the codes, which the backward pass does not need. */
    QuantizedMatrix transposed() {
        return new QuantizedMatrix(
                value.rows(), value.columns(), null, value.transposed(), value.scaling(), value.scales());
    }

    /** What {@link #transposed} holds on to. */
    List<SharedTensor> saved() {
        return transposed == null ? List.of() : List.of(transposed, scales);
    }

    Gradient gradient() {
        return gradient;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            codes.release();
            if (transposed != null) {
                transposed.release();
            }
            scales.release();
        }
    }
}
