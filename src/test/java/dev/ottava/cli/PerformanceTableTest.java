package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.bench.Case.Work;
import dev.ottava.bench.ResultFile;
import dev.ottava.bench.Results;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("build")
class PerformanceTableTest {
    private static final Path README = Path.of("README.md");

    @TempDir
    Path folder;

    @Test
    void theReadmeSaysWhatTheFilesSay() throws IOException {
        String text = Files.readString(README);
        assertEquals(
                PerformanceTable.renewed(README, text),
                text,
                "the table is not that of benchmarks/: run `bin/ottava bench --table README.md`");
    }

    @Test
    void aCellIsFromTheNewestFileThatHasIt() throws IOException {
        Path device = Files.createDirectories(folder.resolve("benchmarks/h100"));
        String old = ResultFile.line(Results.measure(
                        "gemm", "square", "BF16", new Work(1e7, 2e9), () -> 0.04, "cuBLASLt", () -> 0.02))
                + "\n"
                + ResultFile.line(Results.measure(
                        "norm", "rms_norm forward", "BF16", new Work(1e7, 4e6), () -> 0.002, "copy", () -> 0.001));
        String newer = ResultFile.line(
                Results.measure("gemm", "square", "BF16", new Work(1e7, 2e9), () -> 0.025, "cuBLASLt", () -> 0.02));
        Files.writeString(device.resolve("2026-12-01-all.jsonl"), old);
        Files.writeString(device.resolve("2026-12-02-gemm.jsonl"), newer);
        String table = PerformanceTable.markdown(folder.resolve("benchmarks"));
        assertTrue(
                table.contains("| matrix product, BF16 | not measured yet |"
                        + " [0.80 × cuBLASLt](benchmarks/h100/2026-12-02-gemm.jsonl) | not measured yet |\n"),
                table);
        assertTrue(
                table.contains("| RMSNorm forward | not measured yet |"
                        + " [50 % of the limit](benchmarks/h100/2026-12-01-all.jsonl) | not measured yet |\n"),
                table);
    }

    @Test
    void goesBetweenTheMarkersAndNowhereElse() throws IOException {
        Path readme = folder.resolve("README.md");
        String text = Files.readString(README);
        Files.writeString(readme, text);
        assertEquals(0, Cli.run("bench", "--table", readme.toString()).code());
        String renewed = Files.readString(readme);
        int begin = text.indexOf("<!-- performance");
        assertEquals(text.substring(0, begin), renewed.substring(0, begin));
        String end = "<!-- end of performance -->";
        assertEquals(text.substring(text.indexOf(end)), renewed.substring(renewed.indexOf(end)));
        assertTrue(!renewed.contains("×") && renewed.contains("not measured yet"), "no file is there");
        assertThrows(InvalidArgumentException.class, () -> PerformanceTable.renewed(readme, "no markers"));
    }
}
