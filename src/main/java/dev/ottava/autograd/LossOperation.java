package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.CrossEntropy;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Gemm;
import java.util.List;

/**
 * The language-model head with cross-entropy. Logits are made for some rows at a time and turned into their gradient at once, so that those of a batch are
 * never in memory; the gradients of the head's input and weight wait, complete, for the backward pass. Where they must not wait, because an epilogue takes that of
 * the weight or the backward pass runs twice, it is a {@link TiledHead}, whose logits are made once more in each backward pass.
 */
public final class LossOperation {
    private static final long LOGITS_IN_MEMORY = 1L << 20;

    // Of a tile for all rows: larger, as rows cannot be divided there, and products of narrow tiles are slow.
    private static final long LOGITS_OF_TILE = 1L << 22;

    private LossOperation() {}

    /** The sum of the losses, and the start of the backward pass. */
    public static final class Loss implements AutoCloseable {
        private final Tape tape;
        private final Tensor sum;
        private final Tensor ownScale;

        private Loss(Tape tape, Tensor sum, Tensor ownScale) {
            this.tape = tape;
            this.sum = sum;
            this.ownScale = ownScale;
        }

        /** The sum of the cross-entropy over all targets; waits for the device. */
        public double sum() {
            return sum.toFloats()[0];
        }

        /** The same on the device: [1], F32; as long as this is open. */
        public Tensor sumOnDevice() {
            return sum;
        }

        /**
         * Differentiates the scaled loss.
         *
         * @param keepForAnotherPass whether the backward pass will run again
         */
        public void backward(ParameterGradients parameters, boolean keepForAnotherPass) {
            tape.backward(parameters, keepForAnotherPass);
        }

        @Override
        public void close() {
            sum.close();
            if (ownScale != null) {
                ownScale.close();
            }
        }
    }

    /** {@code logits = hidden weightᵀ}, F32. */
    public static void logits(Tensor logits, Tensor hidden, Parameter weight) {
        try (Operand<Tensor> w = Operand.of(weight, hidden.dtype())) {
            Gemm.multiply(logits, hidden, w.value());
        }
    }

    /**
     * The loss of {@code hidden weightᵀ} against the targets.
     *
     * @param hidden [rows, hidden]
     * @param weight [vocabulary, hidden]
     * @param targets [rows], I32; negative: masked
     * @param scale what the gradient is multiplied with, as a rule 1 / number of targets
     */
    public static Loss apply(Tape tape, Variable hidden, Parameter weight, Tensor targets, double scale) {
        Tensor factor = tape.isRecording() ? tape.device().tensor(new float[] {(float) scale}, 1) : null;
        try {
            return new Loss(tape, forward(tape, hidden, weight, targets, factor), factor);
        } catch (RuntimeException e) {
            if (factor != null) {
                factor.close();
            }
            throw e;
        }
    }

    /**
     * The same, where the scale is on the device.
     *
     * @param scale [1], F32, which stays open until the backward pass is done; not read, and may be null, where the tape does not record
     */
    public static Loss apply(Tape tape, Variable hidden, Parameter weight, Tensor targets, Tensor scale) {
        return new Loss(tape, forward(tape, hidden, weight, targets, scale), null);
    }

    /** The sum of the losses. */
    private static Tensor forward(Tape tape, Variable hidden, Parameter weight, Tensor targets, Tensor scale) {
        tape.begin("loss");
        Tensor h = hidden.value();
        Device device = tape.device();
        long rows = h.size(0);
        long vocabulary = weight.weight().size(0);
        boolean train = tape.isRecording();
        if (train && tape.mayNotWait(weight)) {
            return tiled(tape, hidden, weight, targets, scale);
        }
        SharedTensor dHidden =
                train ? new SharedTensor(device.arena(MemoryPurpose.ACTIVATIONS).empty(h.dtype(), h.shape())) : null;
        SharedTensor dWeight = train
                ? new SharedTensor(device.arena(MemoryPurpose.GRADIENTS)
                        .empty(DType.F32, weight.weight().shape()))
                : null;
        Tensor sum = device.empty(DType.F32, 1);
        long chunk = Math.min(rows, Math.max(64, LOGITS_IN_MEMORY / vocabulary));
        // BF16 needs a second buffer for the gradient; in F32 it takes the place of the logits.
        boolean inPlace = h.dtype() == DType.F32;
        try (Operand<Tensor> stored = Operand.of(weight, h.dtype());
                Tensor losses = device.empty(DType.F32, rows);
                Tensor logits = device.empty(DType.F32, chunk, vocabulary);
                Tensor other = train && !inPlace ? device.empty(h.dtype(), chunk, vocabulary) : null) {
            Tensor w = stored.value();
            for (long first = 0; first < rows; first += chunk) {
                long last = Math.min(first + chunk, rows);
                Tensor part = logits.rows(0, last - first);
                Tensor dPart = !train ? null : inPlace ? part : other.rows(0, last - first);
                Gemm.multiply(part, h.rows(first, last), w);
                CrossEntropy.apply(
                        losses.rows(first, last), dPart, part, targets.rows(first, last), train ? scale : null);
                if (train) {
                    Gemm.inputGradient(dHidden.tensor().rows(first, last), dPart, w, false);
                    Gemm.weightGradient(dWeight.tensor(), dPart, h.rows(first, last), first > 0);
                }
            }
            Elementwise.sum(sum, losses);
        }
        if (train) {
            tape.record(null, List.of(weight), List.of(dHidden, dWeight), parameters -> {
                hidden.gradient().add(dHidden);
                parameters.add(weight, dWeight);
                parameters.done(weight);
            });
            dHidden.release();
            dWeight.release();
        } else {
            tape.end();
        }
        return sum;
    }

    private static Tensor tiled(Tape tape, Variable hidden, Parameter weight, Tensor targets, Tensor scale) {
        long width = Math.max(1, LOGITS_OF_TILE / hidden.value().size(0) / 128) * 128;
        Tensor sum = tape.device().empty(DType.F32, 1);
        TiledHead.apply(tape, hidden, weight, targets, scale, width, sum);
        return sum;
    }
}
