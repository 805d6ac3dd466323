package dev.ottava.core;

import java.lang.ref.Cleaner;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Finds device memory that nobody closed: its owner was collected, or the device is closed first. Both are reported with where it was allocated. */
final class LeakDetector {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final System.Logger LOG = System.getLogger("dev.ottava.leaks");

    private final MemoryPool pool;
    private final Set<Allocation> open = ConcurrentHashMap.newKeySet();

    LeakDetector(MemoryPool pool) {
        this.pool = pool;
    }

    /** Watches an owner; its close must go through {@link Allocation#free}. */
    Allocation watch(Object owner, MemoryPurpose purpose, long address, long bytes, String what) {
        Allocation allocation = new Allocation(this, purpose, address, bytes, what);
        open.add(allocation);
        allocation.cleanable = CLEANER.register(owner, allocation);
        return allocation;
    }

    void reportOpen() {
        for (Allocation allocation : open) {
            allocation.report("was still open when its device was closed");
            allocation.release();
        }
    }

    /** One block of memory. It holds no reference to its owner, or the owner would never be collected. */
    static final class Allocation implements Runnable {
        private final LeakDetector detector;
        private final MemoryPurpose purpose;
        private final long address;
        private final long bytes;
        private final String what;
        private final Throwable site = new Throwable("allocated here");
        private Cleaner.Cleanable cleanable;

        private Allocation(LeakDetector detector, MemoryPurpose purpose, long address, long bytes, String what) {
            this.detector = detector;
            this.purpose = purpose;
            this.address = address;
            this.bytes = bytes;
            this.what = what;
        }

        /** Frees the block, once. */
        void free() {
            release();
            cleanable.clean();
        }

        boolean isOpen() {
            return detector.open.contains(this);
        }

        private boolean release() {
            if (!detector.open.remove(this)) {
                return false;
            }
            detector.pool.free(purpose, address, bytes);
            return true;
        }

        private void report(String how) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "leak: " + what + " (" + purpose.label() + ", " + bytes + " bytes) " + how,
                    site);
        }

        /** Runs when the owner has been collected, or, to no effect, when it was closed. */
        @Override
        public void run() {
            if (release()) {
                report("was never closed");
            }
        }
    }
}
