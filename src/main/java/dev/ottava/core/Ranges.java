package dev.ottava.core;

import dev.ottava.binding.Native;

/**
 * Named ranges of time on the calling thread, which a profiler shows beside the kernels that were launched in them: NVTX 3, as Nsight Systems reads it. Off unless
 * the environment variable {@code OTTAVA_NVTX} is 1; then they cost a call each where a profiler listens, and next to nothing where none does.
 */
public final class Ranges {
    /** Whether anybody asked for ranges. A constant: what is behind it is compiled away where nobody did. */
    public static final boolean ON = "1".equals(System.getenv("OTTAVA_NVTX"));

    private Ranges() {}

    /** Attaches the profiler that started this process, if one did. */
    static void attach() {
        if (ON) {
            Status.check(Native.ottava_ranges_attach());
        }
    }

    /** Begins a range, inside of those that have not ended. */
    public static void push(String name) {
        if (ON) {
            Native.ottava_range_push(name);
        }
    }

    /** Ends the last range. */
    public static void pop() {
        if (ON) {
            Native.ottava_range_pop();
        }
    }
}
