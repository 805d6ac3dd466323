package dev.ottava.core;

import dev.ottava.binding.Native;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The memory of one device: keeps freed blocks for the next allocation of their size, and counts what lives by purpose.
 *
 * <p>A training step allocates the same sizes again and again; a block straight from the system would be paged in each time. Sizes are rounded up to an
 * eighth of their power of two, so that ragged batches meet again in few sizes, and what lies idle beyond a quarter of the peak goes back to the system; the
 * blocks of graphs last, which are lost then.
 */
final class MemoryPool {
    private static final long ALWAYS_KEPT = 64L << 20;

    private final long device;
    private final TreeMap<Long, ArrayDeque<Long>> idle = new TreeMap<>();
    private final Set<Long> taken = new HashSet<>();
    private final List<GraphMemory> graphs = new ArrayList<>();
    private GraphMemory recording;
    private MemoryDemand rehearsal;
    private final Map<MemoryPurpose, long[]> live = new EnumMap<>(MemoryPurpose.class);
    private final Map<MemoryPurpose, Long> atPeak = new EnumMap<>(MemoryPurpose.class);
    private long liveBytes;
    private long idleBytes;
    private long peakBytes;

    MemoryPool(long device) {
        this.device = device;
        for (MemoryPurpose purpose : MemoryPurpose.values()) {
            live.put(purpose, new long[2]); // now, peak
            atPeak.put(purpose, 0L);
        }
    }

    static long rounded(long bytes) {
        long step = Math.max(256, Long.highestOneBit(Math.max(bytes, 1)) / 8);
        return (bytes + step - 1) / step * step;
    }

    synchronized long allocate(MemoryPurpose purpose, long bytes) {
        long size = rounded(bytes);
        ArrayDeque<Long> blocks = idle.get(size);
        boolean reuse = blocks != null && !blocks.isEmpty();
        long address = reuse ? blocks.pop() : fromSystem(purpose, bytes, size);
        idleBytes -= reuse ? size : 0;
        taken.add(address);
        if (recording != null) {
            recording.own(address);
        }
        if (rehearsal != null) {
            rehearsal.allocated(address, size);
        }
        graphs.forEach(graph -> graph.allocated(address));
        count(purpose, size);
        return address;
    }

    private long fromSystem(MemoryPurpose purpose, long bytes, long size) {
        if (recording != null) {
            throw new DeviceMemoryException("what is recorded in a graph needs " + bytes + " bytes for "
                    + purpose.label() + ", which are not idle");
        }
        long[] address = new long[1];
        int status = Native.ottava_memory_allocate(device, size, address);
        if (status == Native.OTTAVA_OUT_OF_MEMORY) {
            trim(0);
            status = Native.ottava_memory_allocate(device, size, address);
        }
        if (status == Native.OTTAVA_OUT_OF_MEMORY) {
            throw new DeviceMemoryException("out of memory: " + purpose.label() + " need " + bytes
                    + " bytes more beside " + describe() + "; `ottava plan` shows what would fit");
        }
        Status.check(status);
        return address[0];
    }

    synchronized void free(MemoryPurpose purpose, long address, long bytes) {
        long size = rounded(bytes);
        taken.remove(address);
        if (rehearsal != null) {
            rehearsal.freed(address, size);
        }
        graphs.forEach(graph -> graph.freed(address));
        count(purpose, -size);
        idle.computeIfAbsent(size, key -> new ArrayDeque<>()).push(address);
        idleBytes += size;
        long allowed = Math.max(ALWAYS_KEPT, peakBytes / 4);
        // What lies idle within the peak is what the next step takes again.
        if (liveBytes + idleBytes > peakBytes + allowed && recording == null) {
            trim(Math.max(0, peakBytes + allowed / 2 - liveBytes));
        }
    }

    private void count(MemoryPurpose purpose, long size) {
        long[] counter = live.get(purpose);
        counter[0] += size;
        counter[1] = Math.max(counter[1], counter[0]);
        liveBytes += size;
        if (liveBytes > peakBytes) {
            peakBytes = liveBytes;
            live.forEach((each, bytes) -> atPeak.put(each, bytes[0]));
        }
    }

    /**
     * Gives idle blocks back to the system, the largest first, until no more than {@code kept} bytes lie idle; those of graphs, the oldest graph first, where the
     * others are not enough.
     */
    private void trim(long kept) {
        trimOthers(kept);
        while (idleBytes > kept && !graphs.isEmpty()) {
            graphs.remove(0).lost();
            trimOthers(kept);
        }
    }

    private void trimOthers(long kept) {
        Iterator<Map.Entry<Long, ArrayDeque<Long>>> sizes =
                idle.descendingMap().entrySet().iterator();
        while (idleBytes > kept && sizes.hasNext()) {
            Map.Entry<Long, ArrayDeque<Long>> entry = sizes.next();
            Iterator<Long> oldestFirst = entry.getValue().descendingIterator();
            while (idleBytes > kept && oldestFirst.hasNext()) {
                long address = oldestFirst.next();
                if (graphs.stream().noneMatch(graph -> graph.owns(address))) {
                    oldestFirst.remove();
                    Native.ottava_memory_free(device, address, entry.getKey());
                    idleBytes -= entry.getKey();
                }
            }
            if (entry.getValue().isEmpty()) {
                sizes.remove();
            }
        }
    }

    /** Begins to note what is needed at once, until {@link #rehearsed}. */
    synchronized MemoryDemand rehearse() {
        rehearsal = new MemoryDemand();
        return rehearsal;
    }

    synchronized void rehearsed() {
        rehearsal = null;
    }

    /**
     * Begins to note what a graph uses, until {@link #recorded}: meanwhile nothing is taken from the system, and nothing given back. What it will need is idle
     * before, or brought now.
     */
    synchronized GraphMemory record(MemoryDemand demand) {
        demand.most().forEach((size, count) -> {
            int idleBlocks = idle.containsKey(size) ? idle.get(size).size() : 0;
            for (int i = idleBlocks; i < count; i++) {
                long address = fromSystem(MemoryPurpose.WORKSPACE, size, size);
                idle.computeIfAbsent(size, key -> new ArrayDeque<>()).push(address);
                idleBytes += size;
            }
        });
        recording = new GraphMemory(taken);
        graphs.add(recording);
        return recording;
    }

    synchronized void recorded() {
        recording = null;
    }

    synchronized void forget(GraphMemory graph) {
        graphs.remove(graph);
    }

    synchronized boolean isUsable(GraphMemory graph) {
        return graph.isUsable();
    }

    synchronized void close() {
        trim(0);
    }

    synchronized MemoryStatistics statistics() {
        Map<MemoryPurpose, Long> now = new EnumMap<>(MemoryPurpose.class);
        Map<MemoryPurpose, Long> peak = new EnumMap<>(MemoryPurpose.class);
        live.forEach((purpose, bytes) -> {
            now.put(purpose, bytes[0]);
            peak.put(purpose, bytes[1]);
        });
        return new MemoryStatistics(now, peak, new EnumMap<>(atPeak), liveBytes, peakBytes, liveBytes + idleBytes);
    }

    private String describe() {
        StringBuilder text = new StringBuilder();
        live.forEach((purpose, bytes) -> {
            if (bytes[0] > 0) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(purpose.label())
                        .append(' ')
                        .append(bytes[0]);
            }
        });
        return text.isEmpty() ? "nothing" : text.toString();
    }
}
