package dev.ottava.core;

/** A device failed. */
public final class DeviceException extends OttavaException {
    public DeviceException(String message) {
        super(message);
    }
}
