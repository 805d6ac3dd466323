package dev.ottava.cli;

import dev.ottava.nn.SaleCalibrator;

/** Shows how a calibration goes: one line that is redrawn on a terminal, otherwise a line for each sample. */
final class CalibrationProgress implements SaleCalibrator.Progress {
    private final Terminal terminal;
    private final RedrawnLine redrawn;
    private final int samples;
    private final int layers;

    /** With {@code json} stdout is kept for that. */
    CalibrationProgress(Terminal terminal, boolean json, int samples, int layers) {
        this.terminal = terminal;
        this.redrawn = new RedrawnLine(terminal.remarks(json), System::nanoTime);
        this.samples = samples;
        this.layers = layers;
    }

    @Override
    public void layer(int pass, int sample, int layer) {
        boolean last = layer + 1 == layers;
        String where = "pass " + (pass + 1) + "  sample " + (sample + 1) + "/" + samples;
        if (!terminal.interactive()) {
            if (last) {
                redrawn.line(where);
            }
        } else if (last || redrawn.isDue()) {
            long done = (long) sample * layers + layer + 1;
            String bar = RedrawnLine.bar(done, (long) samples * layers, terminal.unicode());
            redrawn.draw(bar + " " + where + "  layer " + (layer + 1) + "/" + layers);
        }
    }

    void close() {
        redrawn.close();
    }
}
