package dev.ottava.bench;

import dev.ottava.core.Device;
import dev.ottava.core.Event;
import java.util.concurrent.locks.LockSupport;

/** What tells the time of work on a device. */
public interface Clock extends AutoCloseable {
    /** Runs the work and returns the seconds from its beginning until it was complete. */
    double seconds(Runnable work);

    /** Waits, so that threads which spin while they wait for work go to sleep. */
    default void pause(double seconds) {
        LockSupport.parkNanos((long) (seconds * 1e9));
    }

    @Override
    default void close() {}

    /** The clock of a device. */
    static Clock of(Device device) {
        return device.name().startsWith("cuda") ? new Events(device) : new Host(device);
    }

    /** The clock on the wall, for devices that are through with an operation when it returns. */
    record Host(Device device) implements Clock {
        @Override
        public double seconds(Runnable work) {
            device.synchronize();
            long start = System.nanoTime();
            work.run();
            device.synchronize();
            return (System.nanoTime() - start) / 1e9;
        }
    }

    /**
     * Events on the stream of the device. The flush before a run keeps the device busy while the host issues the events and the run, so that what
     * a launch costs the host is not in the time.
     */
    record Events(Event start, Event end) implements Clock {
        Events(Device device) {
            this(new Event(device), new Event(device));
        }

        @Override
        public double seconds(Runnable work) {
            start.record();
            work.run();
            end.record();
            return end.millisecondsSince(start) / 1e3;
        }

        @Override
        public void close() {
            start.close();
            end.close();
        }
    }
}
