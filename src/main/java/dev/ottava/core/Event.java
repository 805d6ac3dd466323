package dev.ottava.core;

import dev.ottava.binding.Native;

/**
 * A point on the stream of a device, to measure the time between two. On cpu and simt, whose operations are complete when they return, by the wall clock.
 *
 * <pre>{@code
 * try (Event start = new Event(device); Event end = new Event(device)) {
 *     start.record();
 *     Gemm.multiply(d, a, b);
 *     end.record();
 *     double milliseconds = end.millisecondsSince(start);
 * }
 * }</pre>
 */
public final class Event implements AutoCloseable {
    private final Device device;
    private long handle;

    public Event(Device device) {
        long[] created = new long[1];
        Status.check(Native.ottava_event_create(device.handle(), created));
        this.device = device;
        this.handle = created[0];
    }

    /** Marks the point after all operations issued so far; a second call marks another. */
    public void record() {
        Status.check(Native.ottava_event_record(handle, device.stream()));
    }

    /** Waits until the device has reached this event and returns the milliseconds since it reached {@code start}, an event of the same device. */
    public double millisecondsSince(Event start) {
        device.handle();
        double[] milliseconds = new double[1];
        Status.check(Native.ottava_event_elapsed(start.handle, handle, milliseconds));
        return milliseconds[0];
    }

    /** Before the device is closed. */
    @Override
    public void close() {
        if (handle != 0) {
            Status.check(Native.ottava_event_destroy(handle));
            handle = 0;
        }
    }
}
