package dev.ottava.core;

import java.util.Map;

/**
 * Bytes of device memory in use, as the allocator counts them (sizes are rounded up by at most an eighth).
 *
 * @param live by purpose, now
 * @param peakByPurpose by purpose, each at its own highest
 * @param atPeak by purpose, at the moment of the highest total
 * @param liveBytes in all, now
 * @param peakBytes the highest total
 * @param heldBytes in all, with what lies idle for reuse
 */
public record MemoryStatistics(
        Map<MemoryPurpose, Long> live,
        Map<MemoryPurpose, Long> peakByPurpose,
        Map<MemoryPurpose, Long> atPeak,
        long liveBytes,
        long peakBytes,
        long heldBytes) {}
