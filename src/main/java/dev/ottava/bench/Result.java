package dev.ottava.bench;

import dev.ottava.bench.Case.Work;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a case took.
 *
 * @param dtype of the operands
 * @param peers who was measured with it; the first is the one that it is compared by
 * @param peakBytes of device memory; 0 where the caches were flushed, because the flush needs most of it
 * @param details more fields of its line, of {@link #DETAILS}
 * @param ceilings of the device in the same run
 * @param environment device, driver, clocks, commit, command, date
 */
public record Result(
        String suite,
        String name,
        String shape,
        String dtype,
        Work work,
        Samples samples,
        List<Peer> peers,
        long peakBytes,
        Map<String, Object> details,
        Ceilings ceilings,
        Map<String, Object> environment) {

    /** What the line of a result may say beside what each has: benchmarks/README.md explains them. */
    public static final Set<String> DETAILS = Set.of("kernel", "layer", "kept_fraction", "tau", "planned_peak_bytes");

    /**
     * Somebody else's.
     *
     * @param peakBytes of device memory, where it was measured on a device of its own; otherwise 0
     * @param details as those of a result
     */
    public record Peer(String name, Samples samples, long peakBytes, Map<String, Object> details) {
        public Peer(String name, Samples samples) {
            this(name, samples, 0, Map.of());
        }
    }

    /** What makes two results comparable: the same case. */
    public String key() {
        return suite + ", " + name + ", " + shape + ", " + dtype;
    }

    /** The median. */
    public double seconds() {
        return samples.median();
    }

    /** The name of the first peer; null without one. */
    public String peer() {
        return peers.isEmpty() ? null : peers.get(0).name();
    }

    /** Of the first peer; null without one. */
    public Samples peerSamples() {
        return peers.isEmpty() ? null : peers.get(0).samples();
    }

    /** How many times as fast as the first peer; NaN without one. */
    public double ratioToPeer() {
        return peers.isEmpty() ? Double.NaN : ratioTo(peers.get(0));
    }

    /** How many times as fast as a peer. */
    public double ratioTo(Peer peer) {
        return peer.samples().median() / seconds();
    }

    /** What moving the bytes takes at the speed of a copy. */
    private double memorySeconds() {
        return ceilings.bytesPerSecond() > 0 ? work.bytes() / ceilings.bytesPerSecond() : 0;
    }

    /** What the operations take at the speed of the best matrix product. */
    private double arithmeticSeconds() {
        double peak = ceilings.operationsPerSecond(dtype);
        return peak > 0 ? work.operations() / peak : 0;
    }

    /** The longer of the two: no version is much faster. NaN if the ceilings are not known. */
    public double limitSeconds() {
        double limit = Math.max(memorySeconds(), arithmeticSeconds());
        return limit > 0 ? limit : Double.NaN;
    }

    /** {@link #limitSeconds} over the median: 1 is as fast as it gets. */
    public double fractionOfLimit() {
        return limitSeconds() / seconds();
    }

    /** Whether arithmetic, and not memory, is the limit. */
    public boolean limitedByArithmetic() {
        return arithmeticSeconds() > memorySeconds();
    }

    /** 0 where tokens are not counted. */
    public double tokensPerSecond() {
        return work.tokens() / seconds();
    }
}
