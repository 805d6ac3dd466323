package dev.ottava.cli;

import java.io.PrintStream;
import java.util.function.LongSupplier;

/** A line at the bottom of a terminal that is written again and again, not more often than eyes follow. */
final class RedrawnLine {
    private static final int BAR = 24;
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintStream out;
    private final LongSupplier nanoTime;
    private long drawn;
    private boolean open;

    RedrawnLine(PrintStream out, LongSupplier nanoTime) {
        this.out = out;
        this.nanoTime = nanoTime;
    }

    /** Whether it is time to draw it again. */
    boolean isDue() {
        return nanoTime.getAsLong() - drawn >= REDRAW_NANOS;
    }

    void draw(String text) {
        out.print("\r" + text + "\u001b[K");
        out.flush();
        drawn = nanoTime.getAsLong();
        open = true;
    }

    /** Prints a line of its own below what is there. */
    void line(String text) {
        close();
        out.println(text);
    }

    /** Ends the line that is being redrawn. */
    void close() {
        if (open) {
            out.println();
            open = false;
        }
    }

    /** A bar of which a part is full. */
    static String bar(long done, long all, boolean unicode) {
        int full = (int) (BAR * done / all);
        return unicode
                ? "█".repeat(full) + "░".repeat(BAR - full)
                : "[" + "#".repeat(full) + "-".repeat(BAR - full) + "]";
    }
}
