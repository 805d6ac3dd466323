package dev.ottava.core;

/** A shape, dtype, value or file that an operation cannot take. */
public final class InvalidArgumentException extends OttavaException {
    public InvalidArgumentException(String message) {
        super(message);
    }
}
