package dev.ottava.cli;

import dev.ottava.train.StepMetrics;
import dev.ottava.train.TrainingListener;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Shows how a run goes: one line that is redrawn on a terminal, otherwise a line for each logged step. */
final class ProgressLine implements TrainingListener {
    private static final int BAR = 24;
    private static final long REDRAW_NANOS = 100_000_000;

    private final Terminal terminal;
    private final int steps;
    private final LongSupplier nanoTime;
    private int firstStep;
    private long firstTime;
    private long drawn;
    private boolean lineOpen;

    ProgressLine(Terminal terminal, int steps, LongSupplier nanoTime) {
        this.terminal = terminal;
        this.steps = steps;
        this.nanoTime = nanoTime;
    }

    @Override
    public void onStep(StepMetrics metrics, boolean logged) {
        long now = nanoTime.getAsLong();
        if (firstStep == 0) {
            firstStep = metrics.step();
            firstTime = now;
        }
        if (!terminal.interactive()) {
            if (logged) {
                terminal.out().println(plain(metrics, left(metrics.step(), now)));
            }
        } else if (logged || now - drawn >= REDRAW_NANOS) {
            terminal.out().print("\r" + bar(metrics, left(metrics.step(), now)) + "\u001b[K");
            terminal.out().flush();
            drawn = now;
            lineOpen = true;
        }
    }

    @Override
    public void onNotice(String line) {
        line(line);
    }

    @Override
    public void onEvaluation(int step, double evalLoss) {
        line(String.format(Locale.ROOT, "step %d/%d  evaluation loss %.4f", step, steps, evalLoss));
    }

    @Override
    public void onCheckpoint(int step, Path folder) {
        line(String.format(Locale.ROOT, "step %d/%d  checkpoint in %s", step, steps, folder));
    }

    /** Prints a line of its own below what is there. */
    void line(String text) {
        close();
        terminal.out().println(text);
    }

    /** Ends the line that is being redrawn. */
    void close() {
        if (lineOpen) {
            terminal.out().println();
            lineOpen = false;
        }
    }

    /** Seconds left at the pace since the first step, which itself is not counted; NaN before the second. */
    private double left(int step, long now) {
        return step == firstStep ? Double.NaN : (now - firstTime) / 1e9 / (step - firstStep) * (steps - step);
    }

    String plain(StepMetrics m, double secondsLeft) {
        return String.format(
                Locale.ROOT,
                "step %d/%d  loss %.4f  grad norm %s  learning rate %s  %s tokens/s%s",
                m.step(),
                steps,
                m.loss(),
                Format.plain(m.gradNorm()),
                Format.plain(m.learningRate()),
                Format.count(m.tokensPerSecond()),
                left(secondsLeft));
    }

    String bar(StepMetrics m, double secondsLeft) {
        int full = (int) ((long) BAR * m.step() / steps);
        String bar = terminal.unicode()
                ? "█".repeat(full) + "░".repeat(BAR - full)
                : "[" + "#".repeat(full) + "-".repeat(BAR - full) + "]";
        return String.format(
                Locale.ROOT,
                "%s %d/%d  loss %.4f  %s tokens/s%s",
                bar,
                m.step(),
                steps,
                m.loss(),
                Format.count(m.tokensPerSecond()),
                left(secondsLeft));
    }

    private static String left(double seconds) {
        return Double.isNaN(seconds) ? "" : "  " + Format.duration(seconds) + " left";
    }
}
