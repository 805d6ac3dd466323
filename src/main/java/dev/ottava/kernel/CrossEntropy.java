package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** Cross-entropy over a chunk of logits, some rows or a tile of the vocabulary, so that the logits of a batch are never in memory at once. */
public final class CrossEntropy {
    private CrossEntropy() {}

    /**
     * {@code losses[i] = logsumexp(logits[i]) - logits[i, targets[i]]}, 0 where the target is negative, and the gradient of {@code scale} times their sum.
     *
     * @param losses [rows], F32
     * @param dLogits [rows, vocabulary], F32 or BF16; null if not wanted; an F32 one may be logits
     * @param logits [rows, vocabulary], F32
     * @param targets [rows], I32: below vocabulary; negative masks the row
     * @param scale [1], F32; may be null if dLogits is
     */
    public static void apply(Tensor losses, Tensor dLogits, Tensor logits, Tensor targets, Tensor scale) {
        Check.dtype("cross_entropy", "logits", logits, DType.F32);
        Check.that(logits.rank() == 2, "cross_entropy", "logits is " + logits + ", not a matrix");
        Check.dtype("cross_entropy", "losses", losses, DType.F32);
        Check.count("cross_entropy", "losses", losses, logits.size(0));
        Check.dtype("cross_entropy", "targets", targets, DType.I32);
        Check.count("cross_entropy", "targets", targets, logits.size(0));
        if (dLogits != null) {
            Check.floating("cross_entropy", dLogits);
            Check.shape("cross_entropy", "dLogits", dLogits, logits.shape());
            Check.that(scale != null, "cross_entropy", "dLogits without a scale");
            Check.dtype("cross_entropy", "scale", scale, DType.F32);
            Check.count("cross_entropy", "scale", scale, 1);
        }
        Status.check(Native.ottava_cross_entropy(
                logits.device().stream(),
                losses.address(),
                dLogits == null ? DType.F32.code() : dLogits.dtype().code(),
                Check.address(dLogits),
                logits.address(),
                targets.address(),
                Check.address(scale),
                logits.size(0),
                logits.size(1)));
    }

    /**
     * The losses over tiles of the vocabulary, which come in order. After the last, losses are those of {@link #apply}.
     *
     * @param losses [rows], F32
     * @param running [rows, 3], F32: the largest logit, the sum of exp(logit - largest) and the logit of the target; begun anew where {@code first} is 0
     * @param logits [rows, columns], F32: those of the vocabulary from {@code first}
     * @param targets [rows], I32: below vocabulary; negative masks the row
     */
    public static void tile(Tensor losses, Tensor running, Tensor logits, Tensor targets, long vocabulary, long first) {
        checkTile("cross_entropy_tile", running, logits, targets);
        Check.dtype("cross_entropy_tile", "losses", losses, DType.F32);
        Check.count("cross_entropy_tile", "losses", losses, logits.size(0));
        Check.that(
                first >= 0 && first + logits.size(1) <= vocabulary,
                "cross_entropy_tile",
                logits.size(1) + " columns from " + first + " are not in the vocabulary of " + vocabulary);
        Status.check(Native.ottava_cross_entropy_tile(
                logits.device().stream(),
                losses.address(),
                running.address(),
                logits.address(),
                targets.address(),
                logits.size(0),
                vocabulary,
                first,
                logits.size(1)));
    }

    /**
     * The gradient of {@code scale} times the sum of the losses with respect to a tile of logits.
     *
     * @param dLogits [rows, columns], F32 or BF16; an F32 one may be logits
     * @param running as {@link #tile} left it after the last tile
     * @param scale [1], F32
     */
    public static void tileGradient(
            Tensor dLogits, Tensor logits, Tensor targets, Tensor running, Tensor scale, long first) {
        checkTile("cross_entropy_tile_gradient", running, logits, targets);
        DType dtype = Check.floating("cross_entropy_tile_gradient", dLogits);
        Check.shape("cross_entropy_tile_gradient", "dLogits", dLogits, logits.shape());
        Check.dtype("cross_entropy_tile_gradient", "scale", scale, DType.F32);
        Check.count("cross_entropy_tile_gradient", "scale", scale, 1);
        Status.check(Native.ottava_cross_entropy_tile_gradient(
                logits.device().stream(),
                dtype.code(),
                dLogits.address(),
                logits.address(),
                targets.address(),
                running.address(),
                scale.address(),
                logits.size(0),
                first,
                logits.size(1)));
    }

    private static void checkTile(String operation, Tensor running, Tensor logits, Tensor targets) {
        Check.dtype(operation, "logits", logits, DType.F32);
        Check.that(logits.rank() == 2, operation, "logits is " + logits + ", not a matrix");
        Check.dtype(operation, "running", running, DType.F32);
        Check.shape(operation, "running", running, logits.size(0), 3);
        Check.dtype(operation, "targets", targets, DType.I32);
        Check.count(operation, "targets", targets, logits.size(0));
    }
}
