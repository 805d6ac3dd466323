package dev.ottava.bench;

import dev.ottava.core.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * One operation on one shape.
 *
 * @param name of the operation, and its direction: {@code rms_norm backward}
 * @param shape as people write it: {@code 2048 x 512}
 * @param dtype of the operands that the arithmetic is done on
 * @param work by formula
 * @param cold whether the caches are emptied before each run; what is larger than any cache runs as it does in training
 * @param setup makes what is timed
 */
public record Case(String name, String shape, DType dtype, Work work, boolean cold, Setup setup) {
    /** Allocates the tensors, and returns what is timed. */
    public interface Setup {
        Variants prepare(Tensors tensors);
    }

    /**
     * What a run has to do, however it is done.
     *
     * @param bytes each input read once and each output written once; 0: so few beside the operations that nobody counts
     * @param operations a multiply-add counts as two, an exponential or a division as one
     * @param tokens that a training step sees; 0 elsewhere
     */
    public record Work(double bytes, double operations, long tokens) {
        public Work(double bytes, double operations) {
            this(bytes, operations, 0);
        }
    }

    /**
     * What is timed.
     *
     * @param ours the operation
     * @param peer who does the same, or moves as many bytes; null if there is nobody
     * @param theirs the peer's run; null if there is none
     */
    public record Variants(Runnable ours, String peer, Runnable theirs) {
        public static Variants alone(Runnable ours) {
            return new Variants(ours, null, null);
        }

        List<Runnable> runs() {
            List<Runnable> runs = new ArrayList<>(List.of(ours));
            if (peer != null) {
                runs.add(theirs);
            }
            return runs;
        }
    }

    /** A case on cold caches. */
    public static Case cold(String name, String shape, DType dtype, Work work, Setup setup) {
        return new Case(name, shape, dtype, work, true, setup);
    }
}
