package dev.ottava.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What a command gave back. */
record Cli(int code, String out, String err) {
    static final Path GROUPED = Path.of("src/test/resources/goldens/llama-gqa");
    static final Path RAGGED = Path.of("src/test/resources/goldens/llama-ragged");

    static Cli run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.run(stream(out), stream(err), args);
        return new Cli(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** A terminal that writes nowhere. */
    static Terminal silent() {
        return new Terminal(stream(new ByteArrayOutputStream()), stream(new ByteArrayOutputStream()), false, true);
    }

    static PrintStream stream(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
}
