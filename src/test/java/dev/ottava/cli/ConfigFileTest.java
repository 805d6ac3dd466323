package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The options of a file, seen through {@code plan --json}, which needs no data, and through {@code train}. */
class ConfigFileTest {
    @TempDir
    Path folder;

    private Path config(String text) {
        try {
            return Files.writeString(folder.resolve("run.yaml"), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Cli plan(String text, String... args) {
        String[] all = new String[args.length + 4];
        System.arraycopy(args, 0, all, 4, args.length);
        all[0] = "plan";
        all[1] = "--json";
        all[2] = "--config";
        all[3] = config(text).toString();
        return Cli.run(all);
    }

    @Test
    void theCommandLineWins() {
        String text = "preset: demo-3m\noptimizer: adamw\nbatch-size: 2\nseq-len: 64\nprecision: fp32\n";
        Cli plan = plan(text, "--batch-size", "3");
        assertEquals(0, plan.code(), plan.err());
        assertTrue(plan.out().contains("\"optimizer\":\"adamw\""), plan.out());
        assertTrue(plan.out().contains("\"seq_len\":64"), plan.out());
        assertTrue(plan.out().contains("\"precision\":\"fp32\""), plan.out());
        assertTrue(plan.out().contains("\"batch_size\":3"), plan.out());
    }

    /** An option typed also wins over one in the file that excludes it; two in the same place are an error. */
    @Test
    void exclusiveOptions() {
        Cli other = plan("model: nowhere\nseq-len: 64\n", "--preset", "demo-3m");
        assertEquals(0, other.code(), other.err());
        Cli steps = plan("preset: demo-3m\nepochs: 2\nseq-len: 64\n", "--steps", "3");
        assertEquals(0, steps.code(), steps.err());
        Cli both = plan("preset: demo-3m\nepochs: 2\nsteps: 3\n");
        assertEquals(2, both.code());
        assertEquals("ottava: --steps and --epochs: give only one of them\n", both.err());
    }

    @Test
    void flagsAndLists() throws IOException {
        Path rows = Files.writeString(folder.resolve("a, b.jsonl"), "{\"input_ids\": [1, 2, 3]}\n");
        Path more = Files.writeString(folder.resolve("c.jsonl"), "{\"input_ids\": [4, 5]}\n".repeat(2));
        config("model: " + Cli.GROUPED + "\ndata:\n  - \"" + rows + "\"\n  - \"" + more
                + "\"\nno-shuffle: true\nresume: true\n"
                + "no-decay-1d: true\nbatch-size: 1\nseq-len: 16\nprecision: fp32\nlog-steps: 1\noutput: "
                + folder.resolve("out")
                + "\n");
        Cli train = Cli.run("train", "--config=" + folder.resolve("run.yaml"));
        assertEquals(0, train.code(), train.err());
        assertTrue(train.out().contains("3 steps of 1 x 16 tokens; 7 tokens in 3 sequences"), train.out());
        String report = Files.readString(folder.resolve("out/report.html"));
        assertTrue(report.contains("<th scope=\"row\">--shuffle</th><td>false</td>"), report);
        assertTrue(report.contains("<th scope=\"row\">--no-decay-1d</th><td>true</td>"), report);
        assertTrue(report.contains(rows + " " + more), report);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "learning_rate: 1|unknown key 'learning_rate', did you mean learning-rate?",
                "config: x|unknown key 'config'",
                "help: true|unknown key 'help'",
                "batch-size: many|option '--batch-size': 'many' is not a whole number (in",
                "optimizer: lamo|'lamo' is none of lomo, adalomo, adamw, did you mean lomo? (in",
                "batch-size: [1, 2]|batch-size has a list where one value is expected",
                "batch-size: {a: 1}|batch-size has a mapping where one value is expected",
                "batch-size:|batch-size has no value",
                "resume: perhaps|resume is perhaps: true or false is expected",
                "- 1|a mapping of options to values is expected",
                "'seed: 1\nseed: 2'|line 2: not valid YAML: Duplicate field 'seed'",
                "'seed: [1\nx'|not valid YAML",
                "data: []|data has a list where one value is expected",
            })
    void aBadFileIsNamed(String text, String message) {
        Cli plan = plan(text.replace("\\n", "\n"), "--preset", "demo-3m");
        assertEquals(2, plan.code(), plan.out());
        assertTrue(plan.err().contains(message), plan.err());
        assertTrue(plan.err().contains("run.yaml"), plan.err());
        assertEquals(1, plan.err().lines().count(), plan.err());
    }

    @Test
    void aMissingFileIsNamed() {
        Cli plan = Cli.run("plan", "--config", "nowhere.yaml");
        assertEquals("ottava: nowhere.yaml: no such file\n", plan.err());
        assertEquals(2, plan.code());
    }
}
