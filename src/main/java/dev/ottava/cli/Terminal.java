package dev.ottava.cli;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command writes.
 *
 * @param interactive whether somebody watches, so that a line may be redrawn
 * @param unicode whether pictures may use more than ASCII
 */
record Terminal(PrintStream out, PrintStream err, boolean interactive, boolean unicode) {
    /** The streams of this process. Text and JSON are UTF-8 whatever the locale says; only pictures follow it. */
    static Terminal ofProcess() {
        return new Terminal(
                utf8(FileDescriptor.out),
                utf8(FileDescriptor.err),
                isInteractive(System.console()),
                "UTF-8".equalsIgnoreCase(System.getProperty("native.encoding")));
    }

    private static PrintStream utf8(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    /** Since Java 22 there is a console even where there is no terminal, and a method to ask. */
    private static boolean isInteractive(Console console) {
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException before22) {
            return true;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Where remarks go when stdout is kept for JSON. */
    PrintStream remarks(boolean json) {
        return json ? err : out;
    }
}
