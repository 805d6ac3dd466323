package dev.ottava.core;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** How many blocks of each size a piece of code has had at once of those that it allocated itself. */
final class MemoryDemand {
    private final Map<Long, Integer> now = new HashMap<>();
    private final Map<Long, Integer> most = new HashMap<>();
    private final Set<Long> own = new HashSet<>();

    void allocated(long address, long size) {
        own.add(address);
        most.merge(size, now.merge(size, 1, Integer::sum), Math::max);
    }

    void freed(long address, long size) {
        if (own.remove(address)) {
            now.merge(size, -1, Integer::sum);
        }
    }

    /** Sizes to numbers of blocks. */
    Map<Long, Integer> most() {
        return most;
    }
}
