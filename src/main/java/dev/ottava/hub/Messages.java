package dev.ottava.hub;

import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Parts of messages. What comes out of a file may hold line breaks or be a megabyte long; a message is one short line.
 */
final class Messages {
    private static final int LONGEST = 120;

    private Messages() {}

    /** The text on one line, its middle left out if it is long. */
    static String line(String text) {
        int half = LONGEST / 2;
        String kept =
                text.length() <= LONGEST ? text : text.substring(0, half) + "…" + text.substring(text.length() - half);
        return kept.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", " ");
    }

    static InvalidArgumentException unreadable(Path file, IOException e) {
        if (e instanceof NoSuchFileException) {
            return new InvalidArgumentException("there is no file " + file);
        }
        return new InvalidArgumentException(file + " cannot be read: " + reason(e));
    }

    /** Why reading or writing failed; the exception of a missing permission says no more than the file's name. */
    static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        return line(String.valueOf(e.getMessage()));
    }
}
