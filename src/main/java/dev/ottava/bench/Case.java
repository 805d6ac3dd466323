package dev.ottava.bench;

import dev.ottava.core.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One operation on one shape.
 *
 * @param name of the operation, and its direction: {@code rms_norm backward}
 * @param shape as people write it: {@code 2048 x 512}
 * @param dtype of the operands that the arithmetic is done on
 * @param work by formula
 * @param cold whether the caches are emptied before each run; what is larger than any cache runs as it does in training
 * @param setup makes what is timed
 * @param rivals who does the same and is measured before, alone: what does not fit beside it on the device
 */
public record Case(String name, String shape, DType dtype, Work work, boolean cold, Setup setup, List<Rival> rivals) {
    /** Without rivals. */
    public Case(String name, String shape, DType dtype, Work work, boolean cold, Setup setup) {
        this(name, shape, dtype, work, cold, setup, List.of());
    }

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

    /** Who does the same, or moves as many bytes, in turns with the operation. */
    public record Peer(String name, Runnable run) {}

    /** Who does the same on a device of its own. */
    public record Rival(String name, Setup setup) {}

    /**
     * What is timed, and what is known of it once its inputs are there.
     *
     * @param ours the operation
     * @param peers the first is the one that results are compared by; others are told beside it
     * @param work null: that of the case
     * @param details fields of the result's line, of {@link Result#DETAILS}
     */
    public record Variants(Runnable ours, List<Peer> peers, Work work, Map<String, Object> details) {
        /** Beside one peer. */
        public Variants(Runnable ours, String peer, Runnable theirs) {
            this(ours, List.of(new Peer(peer, theirs)), null, Map.of());
        }

        public static Variants alone(Runnable ours) {
            return new Variants(ours, List.of(), null, Map.of());
        }

        /** Beside one more. */
        public Variants and(String peer, Runnable theirs) {
            return new Variants(
                    ours,
                    Stream.concat(peers.stream(), Stream.of(new Peer(peer, theirs)))
                            .toList(),
                    work,
                    details);
        }

        /** Whose work follows from the inputs. */
        public Variants doing(Work counted) {
            return new Variants(ours, peers, counted, details);
        }

        /** With a field of the result's line. */
        public Variants with(String field, Object value) {
            Map<String, Object> more = new LinkedHashMap<>(details);
            more.put(field, value);
            return new Variants(ours, peers, work, more);
        }

        List<Runnable> runs() {
            return Stream.concat(Stream.of(ours), peers.stream().map(Peer::run)).toList();
        }
    }

    /** The same with a field of its line. */
    public Case with(String field, Object value) {
        Setup same = setup;
        return new Case(
                name, shape, dtype, work, cold, tensors -> same.prepare(tensors).with(field, value), rivals);
    }

    /** A case on cold caches. */
    public static Case cold(String name, String shape, DType dtype, Work work, Setup setup) {
        return new Case(name, shape, dtype, work, true, setup);
    }
}
