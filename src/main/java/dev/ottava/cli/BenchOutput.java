package dev.ottava.cli;

import dev.ottava.bench.Result;
import dev.ottava.bench.ResultFile;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Writes results as they come, so that a run which is cut off has what it measured. */
final class BenchOutput implements AutoCloseable {
    private final Terminal terminal;
    private final boolean json;
    private final BufferedWriter file;
    private boolean begun;

    /**
     * An output.
     *
     * @param json lines on stdout instead of a table
     * @param path a file for lines, which must not be there: raw results are not overwritten; null for none
     */
    BenchOutput(Terminal terminal, boolean json, Path path) {
        this.terminal = terminal;
        this.json = json;
        try {
            file = path == null ? null : Files.newBufferedWriter(path, StandardOpenOption.CREATE_NEW);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void remark(String text) {
        terminal.err().println("ottava: " + text);
    }

    void result(Result result) {
        String line = ResultFile.line(result);
        if (json) {
            terminal.out().println(line);
        } else {
            if (!begun) {
                BenchTable.heading(terminal.out());
            }
            BenchTable.row(terminal.out(), result);
        }
        begun = true;
        if (file != null) {
            try {
                file.write(line);
                file.newLine();
                file.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public void close() {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
