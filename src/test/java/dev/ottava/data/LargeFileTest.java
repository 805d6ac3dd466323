package dev.ottava.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class LargeFileTest extends DataTest {
    private static final String SENTENCE = "The eighth, eight notes, eight bits: ottava.";
    private static final String ROW = "{\"text\": \"" + SENTENCE + "\"}\n";

    /** 40 MiB of text, 160 MiB of ids, 10 more of rows, in a Java that has 24 MiB. */
    @Test
    void filesLargerThanMemoryStream() throws Exception {
        Path text = folder.resolve("large.txt");
        Path rows = folder.resolve("large.jsonl");
        write(text, SENTENCE + "\n", 40 << 20);
        write(rows, ROW, 10 << 20);
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx24m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LargeFileTest.class.getName(),
                        text.toString(),
                        rows.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        long fromText = Files.size(text);
        long fromRows = Files.size(rows) / ROW.length() * (SENTENCE.length() + 2);
        assertEquals((fromText + fromRows) + " tokens", output.strip());
    }

    private static void write(Path file, String line, int size) throws IOException {
        byte[] lines = line.repeat(1000).getBytes(StandardCharsets.US_ASCII);
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int written = 0; written < size; written += lines.length) {
                out.write(lines);
            }
        }
    }

    /** What the small Java runs. */
    public static void main(String[] files) {
        DataOptions options =
                new DataOptions(List.of(Path.of(files[0]), Path.of(files[1])), List.of(), 0, 512, 1, true);
        try (Dataset data = open(options).train()) {
            for (int start = 0; start < data.rows(); start += 997) {
                data.batch(start, 8);
            }
            System.out.println(data.tokens() + " tokens");
        }
    }
}
