package dev.ottava.core;

/** A device has less free memory than was asked for. */
public final class DeviceMemoryException extends OttavaException {
    public DeviceMemoryException(String message) {
        super(message);
    }
}
