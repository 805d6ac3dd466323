package dev.ottava.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PackedTextTest extends DataTest {
    @Test
    void rowsAreCutFromOneStreamAndLoseNoTarget() {
        try (Dataset data = open(4, file("a.txt", "abcde"), file("b.txt", "fgh"))) {
            assertEquals(2, data.rows());
            assertEquals(8, data.tokens());
            assertArrayEquals(new int[] {'a', 'b', 'c', 'd'}, ids(data, 0));
            assertArrayEquals(new int[] {'b', 'c', 'd', 'e'}, targets(data, 0));
            assertArrayEquals(new int[] {'e', BytesTokenizer.EOS, 'f', 'g'}, ids(data, 1));
            assertArrayEquals(new int[] {BytesTokenizer.EOS, 'f', 'g', 'h'}, targets(data, 1));
        }
    }

    @Test
    void aByteOrderMarkIsNoText() {
        try (Dataset data = open(4, file("a.txt", "\uFEFFabcde"), file("b.txt", "\uFEFF"))) {
            assertArrayEquals(new int[] {'a', 'b', 'c', 'd'}, ids(data, 0));
            assertArrayEquals(new int[] {'b', 'c', 'd', 'e'}, targets(data, 0));
        }
    }

    @Test
    void aLastSingleIdIsOnlyATarget() {
        try (Dataset data = open(4, file("a.txt", "abcde"))) {
            assertEquals(1, data.rows());
            assertArrayEquals(new int[] {'b', 'c', 'd', 'e'}, targets(data, 0));
        }
    }

    @Test
    void aShortLastRowIsKeptAndPadded() {
        try (Dataset data = open(4, file("a.txt", "abcdef"))) {
            Batch batch = data.batch(0, 2);
            assertEquals(4, batch.length());
            assertArrayEquals(new int[] {'a', 'b', 'c', 'd', 'e', 'f', 0, 0}, batch.ids());
            assertArrayEquals(new int[] {'b', 'c', 'd', 'e', 'f', -1, -1, -1}, batch.targets());
            assertEquals(5, batch.targetCount());
            assertEquals(6, batch.tokenCount());
        }
    }

    @Test
    void withoutAnEndOfTextIdNothingIsBetweenFiles() {
        DataOptions options = DataOptions.inOrder(List.of(file("a.txt", "ab"), file("b.txt", "cd")), 8);
        try (Dataset data = Datasets.open(options, new BytesTokenizer(), 256, 8, -1, Progress.NONE)
                .train()) {
            assertArrayEquals(new int[] {'a', 'b', 'c', 'd'}, ids(data, 0));
        }
    }

    @Test
    void manyPassagesGiveTheBytesOfTheFileAndReportProgress() {
        // Lines of all lengths, characters of 1 to 4 bytes, stretches without a line end, over several passages.
        Random random = new Random(7);
        String[] characters = {"a", "é", "語", "🎼", " ", "\n", "\n\n", "\r\n"};
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 800_000; i++) {
            int kinds = i % 200_000 < 150_000 ? 4 : 8;
            text.append(characters[random.nextInt(kinds)]);
        }
        byte[] expected = text.toString().getBytes(StandardCharsets.UTF_8);
        List<Long> reports = new ArrayList<>();
        DataOptions options = DataOptions.inOrder(List.of(file("a.txt", expected)), 512);
        try (Dataset data = Datasets.open(options, new BytesTokenizer(), 258, 512, 257, (file, read, all) -> {
                    assertEquals(expected.length, all);
                    reports.add(read);
                })
                .train()) {
            assertEquals(expected.length, data.tokens());
            int at = 0;
            for (int row = 0; row < data.rows(); row++) {
                Batch batch = data.batch(row, 1);
                for (int i = 0; i < batch.length(); i++, at++) {
                    assertEquals(expected[at] & 0xFF, batch.ids()[i]);
                    assertEquals(at + 1 < expected.length ? expected[at + 1] & 0xFF : -1, batch.targets()[i]);
                }
            }
            assertEquals(expected.length, at);
        }
        assertTrue(reports.size() >= 2, "reports: " + reports);
        assertEquals((long) expected.length, reports.get(reports.size() - 1));
    }
}
