package dev.ottava.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonlTest extends DataTest {
    private static final int BOS = BytesTokenizer.BOS;
    private static final int EOS = BytesTokenizer.EOS;

    @Test
    void textHasSpecialTokensAndAnEnd() {
        try (Dataset data = open(8, file("a.jsonl", "{\"text\": \"ab\", \"source\": 1}\n\n{\"text\":\"é\"}"))) {
            assertEquals(2, data.rows());
            assertArrayEquals(new int[] {BOS, 'a', 'b', EOS}, ids(data, 0));
            assertArrayEquals(new int[] {'a', 'b', EOS, -1}, targets(data, 0));
            assertArrayEquals(new int[] {BOS, 0xC3, 0xA9, EOS}, ids(data, 1));
        }
    }

    @Test
    void aByteOrderMarkIsNoText() {
        try (Dataset data = open(8, file("a.jsonl", "\uFEFF{\"text\": \"ab\"}\n"))) {
            assertArrayEquals(new int[] {BOS, 'a', 'b', EOS}, ids(data, 0));
        }
    }

    @Test
    void onlyTheCompletionIsAskedFor() {
        try (Dataset data = open(16, file("a.jsonl", "{\"prompt\": \"ab\", \"completion\": \"cd\"}\r\n"))) {
            assertArrayEquals(new int[] {BOS, 'a', 'b', 'c', 'd', EOS}, ids(data, 0));
            assertArrayEquals(new int[] {-1, -1, 'c', 'd', EOS, -1}, targets(data, 0));
            assertEquals(3, data.batch(0, 1).targetCount());
            assertEquals(6, data.batch(0, 1).tokenCount());
        }
    }

    @Test
    void rowsAreCutAtTheSequenceLength() {
        String rows = "{\"input_ids\": [1, 2, 3, 4, 5]}\n{\"input_ids\": [6, 7]}\n";
        try (Dataset data =
                open(3, file("a.jsonl", rows), file("b.jsonl", "{\"prompt\":\"x\",\"completion\":\"yz\"}"))) {
            Batch batch = data.batch(0, 3);
            assertArrayEquals(new int[] {1, 2, 3, 6, 7, 0, BOS, 'x', 'y'}, batch.ids());
            assertArrayEquals(new int[] {2, 3, -1, 7, -1, -1, -1, 'y', -1}, batch.targets());
            assertEquals(4, batch.targetCount());
            assertEquals(8, batch.tokenCount());
            assertEquals(8, data.tokens());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "llama-ragged"})
    void goldensComeInFileOrderAndEvenlyPadded(String golden) throws Exception {
        Path file = Path.of(
                getClass().getResource("/goldens/" + golden + "/train.jsonl").toURI());
        List<String> lines = Files.readAllLines(file);
        DataOptions options = DataOptions.inOrder(List.of(file), 48);
        try (Dataset data =
                Datasets.open(options, null, 270, 64, -1, Progress.NONE).train()) {
            assertEquals(lines.size(), data.rows());
            for (int start = 0; start < 2 * lines.size(); start += 2) {
                int[] first = inputIds(lines.get(start % lines.size()));
                int[] second = inputIds(lines.get((start + 1) % lines.size()));
                Batch batch = data.batch(start, 2);
                assertEquals(Math.max(first.length, second.length), batch.length());
                assertRow(first, batch, 0);
                assertRow(second, batch, 1);
            }
        }
    }

    private static int[] inputIds(String line) throws Exception {
        return new ObjectMapper().treeToValue(new ObjectMapper().readTree(line).get("input_ids"), int[].class);
    }

    private static void assertRow(int[] expected, Batch batch, int row) {
        for (int i = 0; i < batch.length(); i++) {
            int at = row * batch.length() + i;
            assertEquals(i < expected.length ? expected[i] : 0, batch.ids()[at]);
            assertEquals(i + 1 < expected.length ? expected[i + 1] : -1, batch.targets()[at]);
        }
    }

    // The second row of a file whose first is {"text": "ok"}, and what its refusal says.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"text\": \"broken  | not JSON",
                "{\"text\": \"a\"} {}  | not JSON",
                "{\"text\": \"a\", \"text\": \"b\"}  | Duplicate field",
                "[1, 2]  | a JSON array",
                "{\"text\": 3}  | text is not a string",
                "{\"text\": \"\"}  | the text is empty",
                "{\"txt\": \"a\"}  | txt",
                "{}  | no fields",
                "{\"prompt\": \"a\"}  | prompt and completion",
                "{\"completion\": \"a\"}  | prompt and completion",
                "{\"text\": \"a\", \"input_ids\": [1, 2]}  | text and input_ids",
                "{\"messages\": []}  | not supported yet",
                "{\"input_ids\": [1, 2]}  | in a file of rows of text",
                "{\"prompt\": \"a\", \"completion\": \"b\"}  | in a file of rows of text"
            })
    void aBadRowIsRefusedWithItsLine(String row, String message) {
        Path file = file("bad.jsonl", "{\"text\": \"ok\"}\n" + row + "\n");
        assertRefused(DataOptions.inOrder(List.of(file), 8), "bad.jsonl:2:", message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"input_ids\": [1]}  | at least 2",
                "{\"input_ids\": []}  | at least 2",
                "{\"input_ids\": 5}  | not an array",
                "{\"input_ids\": [1, 2.0]}  | input_ids[1] is 2.0",
                "{\"input_ids\": [1, \"2\"]}  | input_ids[1] is \"2\"",
                "{\"input_ids\": [1, 99999999999]}  | input_ids[1] is 99999999999",
                "{\"input_ids\": [1, -1]}  | token id -1",
                "{\"input_ids\": [1, 258]}  | token id 258 is outside the model's vocabulary of 258",
                "{\"input_ids\": [1, 2], \"labels\": [1, 2]}  | labels"
            })
    void badIdsAreRefusedWithTheirLine(String row, String message) {
        Path file = file("bad.jsonl", "\n{\"input_ids\": [257, 0]}\n" + row);
        assertRefused(DataOptions.inOrder(List.of(file), 8), "bad.jsonl:3:", message);
    }

    @Test
    void aPromptThatLeavesNothingToLearnIsRefused() {
        Path file = file("a.jsonl", "{\"prompt\": \"abcdefgh\", \"completion\": \"i\"}");
        assertRefused(DataOptions.inOrder(List.of(file), 8), "a.jsonl:1:", "9 ids", "--seq-len 8");
    }
}
