package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.CrossEntropy;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Gemm;
import java.util.List;

/**
 * The language-model head with cross-entropy in tiles of the vocabulary. The forward pass finds the losses and keeps three numbers per row; the backward pass
 * makes the logits of each tile again, their gradient, the tile's part of the gradient of the input, and then the whole gradient of the tile's rows of the weight,
 * so that an epilogue can take it and the weight is not touched before the loss is known.
 */
final class TiledHead {
    private final Device device;
    private final Variable hidden;
    private final Parameter weight;
    private final Tensor targets;
    private final Tensor scale;
    private final SharedTensor running;
    private final long rows;
    private final long vocabulary;
    private final long width;

    /**
     * A head.
     *
     * @param scale [1], F32: what the gradient is multiplied with
     * @param width of a tile of the vocabulary
     */
    private TiledHead(Tape tape, Variable hidden, Parameter weight, Tensor targets, Tensor scale, long width) {
        this.device = tape.device();
        this.hidden = hidden;
        this.weight = weight;
        this.targets = targets;
        this.scale = scale;
        this.rows = hidden.value().size(0);
        this.vocabulary = weight.weight().size(0);
        this.width = Math.min(width, vocabulary);
        this.running = tape.side(DType.F32, rows, 3);
    }

    /** Writes the sum of the losses to {@code sum} [1] and notes the backward pass. */
    static void apply(
            Tape tape, Variable hidden, Parameter weight, Tensor targets, Tensor scale, long width, Tensor sum) {
        TiledHead head = new TiledHead(tape, hidden, weight, targets, scale, width);
        head.forward(sum);
        tape.record(null, List.of(weight), List.of(hidden.shared(), head.running), head::backward);
        head.running.release();
    }

    private void forward(Tensor sum) {
        try (Tensor losses = device.empty(DType.F32, rows);
                Tensor logits = device.empty(DType.F32, rows * width)) {
            for (long first = 0; first < vocabulary; first += width) {
                long last = Math.min(first + width, vocabulary);
                Tensor tile = tile(logits, last - first);
                try (Operand<Tensor> w = rows(first, last)) {
                    Gemm.multiply(tile, hidden.value(), w.value());
                }
                CrossEntropy.tile(losses, running.tensor(), tile, targets, vocabulary, first);
            }
            Elementwise.sum(sum, losses);
        }
    }

    private void backward(ParameterGradients parameters) {
        Tensor h = hidden.value();
        GradientEpilogue epilogue = parameters.epilogue(weight);
        GradientTarget dW = epilogue == null ? parameters.open(weight) : null;
        GradientTarget target = hidden.gradient().target();
        if (target.accumulate()) {
            throw new IllegalStateException("the input of the head is used by nothing else");
        }
        if (h.dtype() == DType.F32) {
            tiles(target.tensor(), epilogue, dW);
        } else {
            // In F32, as each of many tiles would round the sum.
            try (Tensor dHidden = device.empty(DType.F32, h.shape())) {
                tiles(dHidden, epilogue, dW);
                Elementwise.cast(target.tensor(), dHidden);
            }
        }
        if (epilogue == null) {
            parameters.done(weight);
        } else {
            parameters.taken(weight);
        }
    }

    private void tiles(Tensor dHidden, GradientEpilogue epilogue, GradientTarget dW) {
        Tensor h = hidden.value();
        boolean inPlace = h.dtype() == DType.F32;
        try (Tensor logits = device.empty(DType.F32, rows * width);
                Tensor other = inPlace ? null : device.empty(h.dtype(), rows * width);
                Tensor sums = device.empty(DType.F32, (vocabulary + width - 1) / width)) {
            for (long first = 0; first < vocabulary; first += width) {
                long last = Math.min(first + width, vocabulary);
                Tensor part = tile(logits, last - first);
                Tensor dPart = inPlace ? part : tile(other, last - first);
                try (Operand<Tensor> w = rows(first, last)) {
                    Gemm.multiply(part, h, w.value());
                    CrossEntropy.tileGradient(dPart, part, targets, running.tensor(), scale, first);
                    // Before the weight changes.
                    Gemm.inputGradient(dHidden, dPart, w.value(), first > 0);
                }
                if (epilogue == null) {
                    Gemm.weightGradient(dW.tensor().rows(first, last), dPart, h, dW.accumulate());
                } else {
                    epilogue.takeRows(weight, first, last, dPart, h, sums.rows(first / width, first / width + 1));
                }
            }
            if (epilogue != null) {
                Elementwise.sum(epilogue.sumSquares(), sums);
            }
        }
    }

    /** Rows of the weight in the dtype of the hidden states. */
    private Operand<Tensor> rows(long first, long last) {
        return Operand.of(weight.weight().rows(first, last), hidden.value().dtype());
    }

    private Tensor tile(Tensor flat, long columns) {
        return flat.rows(0, rows * columns).view(rows, columns);
    }
}
