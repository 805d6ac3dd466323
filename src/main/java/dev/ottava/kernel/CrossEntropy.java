package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** Cross-entropy over a chunk of logits, so that the logits of a batch are never in memory at once. */
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
}
