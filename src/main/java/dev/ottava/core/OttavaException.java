package dev.ottava.core;

/** What Ottava throws: the message is one line that names the thing and the remedy. */
public class OttavaException extends RuntimeException {
    public OttavaException(String message) {
        super(message);
    }

    public OttavaException(String message, Throwable cause) {
        super(message, cause);
    }
}
