package dev.ottava.core;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;

/** Turns a status of the C ABI into an exception. */
public final class Status {
    private Status() {}

    /** Returns if the status is OTTAVA_OK, and throws what belongs to it otherwise. */
    public static void check(int status) {
        if (status == Native.OTTAVA_OK) {
            return;
        }
        String message = Binding.lastError();
        switch (status) {
            case Native.OTTAVA_INVALID_ARGUMENT -> throw new InvalidArgumentException(message);
            case Native.OTTAVA_OUT_OF_MEMORY -> throw new DeviceMemoryException(message);
            case Native.OTTAVA_UNSUPPORTED -> throw new UnsupportedException(message);
            default -> throw new DeviceException(message);
        }
    }
}
