package dev.ottava.cli;

import dev.ottava.core.Device;

/**
 * What training takes of the machine's memory beside tensors: Java's heap, classes and compiled code, the native libraries, and what oneDNN keeps. A constant, found
 * by comparing predictions with what the system says of real runs (docs/memory.md).
 */
final class OutsideTensors {
    private static final long BYTES = 216L << 20;

    private OutsideTensors() {}

    /** In bytes; 0 on a device with memory of its own, which holds tensors alone. */
    static long bytes(Device device) {
        return device.name().startsWith("cuda") ? 0 : BYTES;
    }
}
