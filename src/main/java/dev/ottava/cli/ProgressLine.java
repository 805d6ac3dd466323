package dev.ottava.cli;

import dev.ottava.train.StepMetrics;
import dev.ottava.train.TrainingListener;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Shows how a run goes: one line that is redrawn on a terminal, otherwise a line for each logged step. */
final class ProgressLine implements TrainingListener {
    private final Terminal terminal;
    private final int steps;
    private final LongSupplier nanoTime;
    private final RedrawnLine redrawn;
    private int firstStep;
    private long firstTime;

    ProgressLine(Terminal terminal, int steps, LongSupplier nanoTime) {
        this.terminal = terminal;
        this.steps = steps;
        this.nanoTime = nanoTime;
        this.redrawn = new RedrawnLine(terminal.out(), nanoTime);
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
        } else if (logged || redrawn.isDue()) {
            redrawn.draw(bar(metrics, left(metrics.step(), now)));
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
        redrawn.line(text);
    }

    /** Ends the line that is being redrawn. */
    void close() {
        redrawn.close();
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
        return String.format(
                Locale.ROOT,
                "%s %d/%d  loss %.4f  %s tokens/s%s",
                RedrawnLine.bar(m.step(), steps, terminal.unicode()),
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
