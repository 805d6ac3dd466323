package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Scaling;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A matrix [rows, columns] of E4M3 on a {@link Tape}. Its gradient is a tensor of the dtype it would have had.
 *
 * <p>As an operand of products it has codes for the forward pass and transposed codes for the gradients of the weights. The latter are saved, or made again when
 * the backward pass first wants them and freed when it has passed. As the input of a gated activation it has codes in groups of 16, which are saved.
 */
public final class QuantizedVariable implements LinearInput {
    private final Tape tape;
    private final QuantizedMatrix value;
    private final List<SharedTensor> tensors = new ArrayList<>();
    private final List<Held> saved = new ArrayList<>();
    private final Gradient gradient;
    private Consumer<QuantizedMatrix> again;
    private QuantizedMatrix madeAgain;
    private boolean closed;

    private QuantizedVariable(Tape tape, DType gradientDType, Scaling scaling, Layout layout, long rows, long columns) {
        this.tape = tape;
        value = QuantizedMatrix.empty(
                tape.device().arena(MemoryPurpose.ACTIVATIONS), DType.E4M3, scaling, layout, rows, columns);
        gradient = new Gradient(tape.device(), gradientDType, rows, columns);
        if (value.codes() != null) {
            tensors.add(new SharedTensor(value.codes()));
        }
        if (value.transposed() != null) {
            tensors.add(new SharedTensor(value.transposed()));
        }
        tensors.add(new SharedTensor(value.scales()));
        // Of an operand of products, codes are for the forward pass alone.
        saved.addAll(layout == Layout.BOTH ? tensors.subList(1, 3) : tensors);
    }

    /** An operand of products whose value is not yet computed. */
    static QuantizedVariable operand(Tape tape, DType gradientDType, Scaling scaling, long rows, long columns) {
        boolean saves = tape.isRecording() && tape.policy().operands() != Saving.AGAIN;
        return new QuantizedVariable(tape, gradientDType, scaling, saves ? Layout.BOTH : Layout.CODES, rows, columns);
    }

    /** The input of a gated activation, not yet computed. */
    static QuantizedVariable groups(Tape tape, DType gradientDType, long rows, long columns) {
        return new QuantizedVariable(tape, gradientDType, Scaling.GROUPS_16, Layout.CODES, rows, columns);
    }

    /**
     * Says how the transposed codes are made again, if the policy has it so.
     *
     * @param recipe writes the transposed codes of a matrix that has the scales already
     * @param sources what the recipe reads
     */
    void madeFrom(List<? extends Held> sources, Consumer<QuantizedMatrix> recipe) {
        if (value.transposed() == null) {
            again = recipe;
            saved.clear();
            saved.add(tensors.get(tensors.size() - 1));
            saved.addAll(sources);
        }
    }

    /** The value. It may be used while the variable is open. */
    public QuantizedMatrix value() {
        return value;
    }

    /** What the operations that read this save of it. */
    List<Held> saved() {
        return saved;
    }

    /** The operand of the gradient of a weight. Codes for the forward pass may be gone. */
    QuantizedMatrix transposed() {
        if (again == null) {
            return new QuantizedMatrix(
                    value.rows(), value.columns(), null, value.transposed(), value.scaling(), value.scales());
        }
        if (madeAgain == null) {
            madeAgain = QuantizedMatrix.withScales(
                    tape.device().arena(MemoryPurpose.WORKSPACE),
                    DType.E4M3,
                    value.scaling(),
                    value.scales(),
                    Layout.TRANSPOSED,
                    value.rows(),
                    value.columns());
            again.accept(madeAgain);
        }
        return madeAgain;
    }

    Gradient gradient() {
        return gradient;
    }

    /** What is left when all who read this have run backward. */
    Tape.Output output() {
        return () -> {
            gradient.release();
            if (madeAgain != null) {
                madeAgain.transposed().close();
                madeAgain = null;
            }
        };
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            tensors.forEach(SharedTensor::release);
        }
    }
}
