package dev.ottava.bench;

import dev.ottava.bench.Case.Work;
import java.util.Map;

/**
 * What a case took.
 *
 * @param dtype of the operands
 * @param peer who was measured in turns with it; null if nobody
 * @param peerSamples null without a peer
 * @param peakBytes of device memory; 0 where the caches were flushed, because the flush needs most of it
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
        String peer,
        Samples peerSamples,
        long peakBytes,
        Ceilings ceilings,
        Map<String, Object> environment) {

    /** What makes two results comparable: the same case. */
    public String key() {
        return suite + ", " + name + ", " + shape + ", " + dtype;
    }

    /** The median. */
    public double seconds() {
        return samples.median();
    }

    /** How many times as fast as the peer; NaN without one. */
    public double ratioToPeer() {
        return peer == null ? Double.NaN : peerSamples.median() / seconds();
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
