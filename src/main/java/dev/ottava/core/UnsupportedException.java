package dev.ottava.core;

/** Something valid that this device, build or version does not implement. */
public final class UnsupportedException extends OttavaException {
    public UnsupportedException(String message) {
        super(message);
    }
}
