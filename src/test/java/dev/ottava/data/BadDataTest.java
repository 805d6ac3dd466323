package dev.ottava.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class BadDataTest extends DataTest {
    private static void refused(Path file, String... parts) {
        assertRefused(DataOptions.inOrder(List.of(file), 8), parts);
    }

    @Test
    void filesThatAreNoDataAreNamed() throws IOException {
        refused(folder.resolve("none.txt"), "none.txt", "no such file");
        refused(Files.createDirectory(folder.resolve("folder.txt")), "folder.txt", "not a file");
        refused(file("data.parquet", "PAR1"), "data.parquet", ".txt or .jsonl");
        refused(file("txt", "a file without an ending"), ".txt or .jsonl");
        refused(file("empty.txt", ""), "empty.txt", "empty");
        refused(file("blank.jsonl", "\n \n"), "blank.jsonl", "no row");
        refused(file("short.txt", "a"), "short.txt", "no row of at least 2 ids");
    }

    @Test
    void textThatIsNotUtf8IsRefusedWithItsByte() {
        byte[] text = "line\n".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
        text[300_003] = (byte) 0xFF;
        refused(file("a.txt", text), "a.txt", "byte 300003 ");
        byte[] row = "{\"text\": \"ab\"}\n{\"text\": \"a?\"}".getBytes(StandardCharsets.US_ASCII);
        row[26] = (byte) 0x80;
        refused(file("a.jsonl", row), "a.jsonl", "byte 26 ");
        refused(file("cut.txt", new byte[] {'a', 'b', (byte) 0xC3}), "cut.txt", "byte 2 ");
    }

    @Test
    void textNeedsATokenizer() {
        Path rows = file("ids.jsonl", "{\"input_ids\": [1, 2]}");
        for (Path file : List.of(file("a.txt", "abc"), file("a.jsonl", "{\"text\": \"abc\"}"))) {
            DataOptions options = DataOptions.inOrder(List.of(rows, file), 8);
            assertMessage(
                    assertThrows(
                            InvalidArgumentException.class,
                            () -> Datasets.open(options, null, 258, 8, -1, Progress.NONE)),
                    file.toString(),
                    "tokenizer.json");
        }
        Datasets.open(DataOptions.inOrder(List.of(rows), 8), null, 258, 8, -1, Progress.NONE)
                .close();
    }

    @Test
    void aTokenizerLargerThanTheModelIsRefusedWithTheLines() {
        DataOptions options = DataOptions.inOrder(List.of(file("a.txt", "ab\ncz\n")), 8);
        assertMessage(
                assertThrows(
                        InvalidArgumentException.class,
                        () -> Datasets.open(options, new BytesTokenizer(), 'z', 8, -1, Progress.NONE)),
                "a.txt, lines 1 to 3",
                "token id 122",
                "vocabulary of 122");
    }

    @Test
    void lengthsAreCheckedBeforeAnythingIsRead() {
        DataOptions options = DataOptions.inOrder(List.of(folder.resolve("none.txt")), 4097);
        assertRefused(options, "--seq-len 4097", "max_position_embeddings 4096");
    }

    @Test
    void optionsThatContradictAreRefused() {
        List<Path> files = List.of(Path.of("a.txt"));
        List<Path> none = List.of();
        assertOption("--data", () -> new DataOptions(none, none, 0, 8, 0, true));
        assertOption("--eval-fraction", () -> new DataOptions(files, files, 0.1, 8, 0, true));
        assertOption("--eval-fraction", () -> new DataOptions(files, none, 1, 8, 0, true));
        assertOption("--eval-fraction", () -> new DataOptions(files, none, Double.NaN, 8, 0, true));
        assertOption("--seq-len", () -> new DataOptions(files, none, 0, 1, 0, true));
    }

    private static void assertOption(String name, Executable options) {
        assertMessage(assertThrows(InvalidArgumentException.class, options), name);
    }

    @Test
    void evaluationMustLeaveSomethingToTrainOn() {
        Path one = file("one.jsonl", "{\"text\": \"a\"}");
        assertRefused(new DataOptions(List.of(one), List.of(), 0.1, 8, 0, true), "--eval-fraction 0.1", "1 of 1 rows");
    }

    @Test
    void nothingIsLeftBehind() throws IOException {
        Path bad = file("bad.jsonl", "{\"text\": \"a\"}\n{");
        long before = temporaryFiles();
        refused(bad, "bad.jsonl:2");
        assertRefused(new DataOptions(List.of(file("a.txt", "abc")), List.of(bad), 0, 8, 0, true), "bad.jsonl:2");
        Datasets.Split split = open(new DataOptions(List.of(file("b.txt", "abcdefgh")), List.of(), 0.4, 2, 0, true));
        split.train().close();
        split.train().close();
        assertEquals(2, split.evalOrNull().batch(0, 1).tokenCount(), "the other still has its store");
        split.evalOrNull().close();
        assertMessage(assertThrows(OttavaException.class, () -> split.train().batch(0, 1)), "closed");
        assertEquals(before, temporaryFiles());
    }

    private static long temporaryFiles() throws IOException {
        try (var files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith("ottava-tokens-"))
                    .count();
        }
    }
}
