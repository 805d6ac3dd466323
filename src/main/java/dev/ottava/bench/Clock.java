package dev.ottava.bench;

import dev.ottava.core.Device;
import java.util.concurrent.locks.LockSupport;

/** What tells the time of work on a device. */
public interface Clock {
    /** Runs the work and returns the seconds from its beginning until it was complete. */
    double seconds(Runnable work);

    /** Waits, so that threads which spin while they wait for work go to sleep. */
    void pause(double seconds);

    /** The clock of a device. */
    static Clock of(Device device) {
        return new Host(device);
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

        @Override
        public void pause(double seconds) {
            LockSupport.parkNanos((long) (seconds * 1e9));
        }
    }
}
