package dev.ottava.train;

import dev.ottava.core.OttavaException;

/** Training cannot go on: the loss or a gradient is not a number any more, or a file cannot be written. What is on disk is whole. */
public final class TrainingException extends OttavaException {
    public TrainingException(String message) {
        super(message);
    }

    public TrainingException(String message, Throwable cause) {
        super(message, cause);
    }
}
