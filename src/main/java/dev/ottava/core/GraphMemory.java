package dev.ottava.core;

import java.util.HashSet;
import java.util.Set;

/**
 * The blocks that a recorded graph reads and writes. Its own, which it allocated and freed while it was recorded, are idle between launches and may serve others; the
 * pool gives them back to the system last. Those from outside were there before.
 */
final class GraphMemory {
    private final Set<Long> own = new HashSet<>();
    private final Set<Long> outside;
    private int taken;
    private boolean lost;

    GraphMemory(Set<Long> live) {
        outside = new HashSet<>(live);
    }

    /** The work that is recorded takes a block. */
    void own(long address) {
        own.add(address);
    }

    boolean owns(long address) {
        return own.contains(address);
    }

    /** A block goes to somebody. */
    void allocated(long address) {
        if (own.contains(address)) {
            taken++;
        }
    }

    /** A block comes back from somebody. */
    void freed(long address) {
        if (own.contains(address)) {
            taken--;
        } else if (outside.contains(address)) {
            lost = true;
        }
    }

    /** Its blocks are no longer kept for it. */
    void lost() {
        lost = true;
    }

    /** The work is done. */
    void recorded() {
        if (taken != 0 || lost) {
            throw new UnsupportedException(
                    lost
                            ? "what is recorded in a graph frees tensors that were there before"
                            : "what is recorded in a graph leaves " + taken + " tensors open");
        }
    }

    boolean isUsable() {
        return taken == 0 && !lost;
    }
}
