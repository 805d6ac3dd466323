package dev.ottava.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.UnsupportedException;
import dev.ottava.hub.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Reads {@code .jsonl}: one object a line, one row an object. All rows of a file have the shape of its first, other
 * fields beside it are ignored, blank lines are skipped.
 *
 * <ul>
 *   <li>{@code {"text": T}}: T with the tokenizer's special tokens, ended by the end-of-text id;
 *   <li>{@code {"prompt": P, "completion": C}}: P with the special tokens, then C and the end-of-text id, which alone
 *       are targets. P and C are tokenised each for itself, so that no token lies on the border;
 *   <li>{@code {"input_ids": [...]}}: the ids as they are.
 * </ul>
 */
final class JsonlReader {
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    // The reader of lines has the limit already.
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final List<String> SHAPES = List.of("text", "prompt", "completion", "input_ids", "messages");

    // To ignore these would train on something else than the row says.
    private static final List<String> NOT_IGNORED = List.of("labels", "attention_mask", "position_ids");

    private final RowWriter rows;

    JsonlReader(RowWriter rows) {
        this.rows = rows;
    }

    void read(Path file, Progress progress) {
        List<String> shapeOfFile = null;
        try (Utf8Reader lines = new Utf8Reader(file, progress)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.isBlank()) {
                    continue;
                }
                String place = file + ":" + lines.line();
                JsonNode row = parse(line, place);
                List<String> shape = shape(row, place);
                if (shapeOfFile != null && !shapeOfFile.equals(shape)) {
                    throw new InvalidArgumentException(place + ": a row of " + join(shape) + " in a file of rows of "
                            + join(shapeOfFile) + ": put them into a file of their own");
                }
                shapeOfFile = shape;
                switch (shape.get(0)) {
                    case "text" -> addText(row, rows.tokenizerFor(file), place);
                    case "prompt" -> addCompletion(row, rows.tokenizerFor(file), place);
                    default -> rows.addRow(ids(row.get("input_ids"), place), 0, place);
                }
            }
        }
    }

    private static JsonNode parse(String line, String place) {
        JsonNode row;
        try {
            row = MAPPER.readTree(line);
        } catch (JsonProcessingException e) {
            int column = e.getLocation() == null ? 1 : e.getLocation().getColumnNr();
            throw new InvalidArgumentException(place + ": column " + column + ": not JSON: "
                    + e.getOriginalMessage().lines().findFirst().orElse("")
                    + "; each line is one object");
        }
        if (!row.isObject()) {
            throw new InvalidArgumentException(
                    place + ": a JSON " + row.getNodeType().name().toLowerCase(Locale.ROOT)
                            + ", and a row is an object such as {\"text\": \"...\"}");
        }
        return row;
    }

    private static List<String> shape(JsonNode row, String place) {
        List<String> shape = SHAPES.stream().filter(row::has).toList();
        if (shape.contains("messages")) {
            throw new UnsupportedException(
                    place + ": messages (chat) are not supported yet: use prompt and completion, or text");
        }
        if (shape.isEmpty()) {
            List<String> fields = new ArrayList<>();
            row.fieldNames().forEachRemaining(fields::add);
            throw new InvalidArgumentException(
                    place + ": unknown row of " + (fields.isEmpty() ? "no fields" : join(fields))
                            + ": give text, prompt and completion, or input_ids");
        }
        if ((shape.size() != 1 && !shape.equals(List.of("prompt", "completion")))
                || shape.equals(List.of("prompt"))
                || shape.equals(List.of("completion"))) {
            throw new InvalidArgumentException(
                    place + ": a row of " + join(shape) + ": give text, or prompt and completion, or input_ids");
        }
        for (String field : NOT_IGNORED) {
            if (row.has(field)) {
                throw new UnsupportedException(
                        place + ": " + field + " is not supported: remove it if the targets are just the"
                                + " ids that follow, else use prompt and completion");
            }
        }
        return shape;
    }

    private void addText(JsonNode row, Tokenizer tokenizer, String place) {
        String text = string(row, "text", place);
        if (text.isEmpty()) {
            throw new InvalidArgumentException(place + ": the text is empty: remove the row");
        }
        rows.addRow(endWithEos(tokenizer.encode(text, true)), 0, place);
    }

    private void addCompletion(JsonNode row, Tokenizer tokenizer, String place) {
        int[] prompt = tokenizer.encode(string(row, "prompt", place), true);
        // Some tokenizers end every text; here the text goes on.
        int length = endsWithEos(prompt) ? prompt.length - 1 : prompt.length;
        int[] completion = endWithEos(tokenizer.encode(string(row, "completion", place), false));
        int[] ids = Arrays.copyOf(prompt, length + completion.length);
        System.arraycopy(completion, 0, ids, length, completion.length);
        rows.addRow(ids, length, place);
    }

    private boolean endsWithEos(int[] ids) {
        return rows.eosId() >= 0 && ids.length > 0 && ids[ids.length - 1] == rows.eosId();
    }

    private int[] endWithEos(int[] ids) {
        if (rows.eosId() < 0 || endsWithEos(ids)) {
            return ids;
        }
        int[] ended = Arrays.copyOf(ids, ids.length + 1);
        ended[ids.length] = rows.eosId();
        return ended;
    }

    private static int[] ids(JsonNode array, String place) {
        if (!array.isArray()) {
            throw new InvalidArgumentException(place + ": input_ids is not an array of whole numbers");
        }
        int[] ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = array.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                throw new InvalidArgumentException(place + ": input_ids[" + i + "] is " + id + ", not a token id");
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    private static String string(JsonNode row, String field, String place) {
        if (!row.get(field).isTextual()) {
            throw new InvalidArgumentException(place + ": " + field + " is not a string");
        }
        return row.get(field).textValue();
    }

    private static String join(List<String> fields) {
        return String.join(" and ", fields);
    }
}
