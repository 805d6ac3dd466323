package dev.ottava.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ottava.core.InvalidArgumentException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Typed values of a JSON object. A value of another type is refused with the file and the key; nothing is converted. A
 * default stands in for a key that is not there; where null means the same, ask {@link #has} first.
 */
final class JsonObject {
    private final String where;
    private final ObjectNode node;

    JsonObject(String where, ObjectNode node) {
        this.where = where;
        this.node = node;
    }

    /** Whether there is a value that is not null. */
    boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** Whether null is written there. */
    boolean isNull(String key) {
        return node.path(key).isNull();
    }

    boolean isEmpty() {
        return node.isEmpty();
    }

    int integer(String key) {
        JsonNode value = required(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrong(key, "an integer of 32 bits");
        }
        return value.intValue();
    }

    int integer(String key, int otherwise) {
        return node.has(key) ? integer(key) : otherwise;
    }

    /** A finite number. */
    double number(String key) {
        JsonNode value = required(key);
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw wrong(key, "a finite number");
        }
        return value.doubleValue();
    }

    double number(String key, double otherwise) {
        return node.has(key) ? number(key) : otherwise;
    }

    boolean flag(String key, boolean otherwise) {
        if (!node.has(key)) {
            return otherwise;
        }
        if (!node.get(key).isBoolean()) {
            throw wrong(key, "true or false");
        }
        return node.get(key).booleanValue();
    }

    String text(String key) {
        if (!required(key).isTextual()) {
            throw wrong(key, "a string");
        }
        return node.get(key).textValue();
    }

    String text(String key, String otherwise) {
        return node.has(key) ? text(key) : otherwise;
    }

    /** An object inside; null if the key is not there or null. */
    JsonObject object(String key) {
        if (!has(key)) {
            return null;
        }
        if (node.get(key) instanceof ObjectNode inner) {
            return new JsonObject(where + ": " + key, inner);
        }
        throw wrong(key, "an object");
    }

    /** A list of strings; empty if the key is not there or null. */
    List<String> texts(String key) {
        List<String> texts = new ArrayList<>();
        if (has(key)) {
            if (!node.get(key).isArray()) {
                throw wrong(key, "a list of strings");
            }
            for (JsonNode each : node.get(key)) {
                if (!each.isTextual()) {
                    throw wrong(key, "a list of strings");
                }
                texts.add(each.textValue());
            }
        }
        return texts;
    }

    /** A list of integers; empty if the key is not there or null. */
    List<Integer> integers(String key) {
        List<Integer> integers = new ArrayList<>();
        if (has(key)) {
            if (!node.get(key).isArray()) {
                throw wrong(key, "a list of integers");
            }
            for (JsonNode each : node.get(key)) {
                if (!each.isIntegralNumber() || !each.canConvertToInt()) {
                    throw wrong(key, "a list of integers");
                }
                integers.add(each.intValue());
            }
        }
        return integers;
    }

    /** A table of finite numbers. */
    double[][] numbers(String key, int rows, int columns) {
        JsonNode table = required(key);
        String expected = rows + " lists of " + columns + " finite numbers";
        if (!table.isArray() || table.size() != rows) {
            throw wrong(key, expected);
        }
        double[][] numbers = new double[rows][columns];
        for (int row = 0; row < rows; row++) {
            if (!table.get(row).isArray() || table.get(row).size() != columns) {
                throw wrong(key, expected);
            }
            for (int column = 0; column < columns; column++) {
                numbers[row][column] = table.get(row).get(column).doubleValue();
                if (!table.get(row).get(column).isNumber() || !Double.isFinite(numbers[row][column])) {
                    throw wrong(key, expected);
                }
            }
        }
        return numbers;
    }

    /** Every key with its value, which must be a string. */
    Map<String, String> allTexts() {
        Map<String, String> texts = new LinkedHashMap<>();
        node.fieldNames().forEachRemaining(key -> texts.put(key, text(key)));
        return texts;
    }

    /** The first number of a list, a single number, or -1 if there is none: token ids are given either way. */
    int firstInteger(String key, int otherwise) {
        if (!node.has(key)) {
            return otherwise;
        }
        JsonNode value = node.get(key);
        JsonNode first = value.isArray() && !value.isEmpty() ? value.get(0) : value;
        if (value.isNull() || (value.isArray() && value.isEmpty())) {
            return -1;
        }
        if (!first.isIntegralNumber() || !first.canConvertToInt()) {
            throw wrong(key, "an integer of 32 bits or a list of them");
        }
        return Math.max(first.intValue(), -1);
    }

    InvalidArgumentException wrong(String key, String expected) {
        return new InvalidArgumentException(where + ": " + Messages.line(key) + " is "
                + Messages.line(node.get(key).toString()) + ": it must be " + expected);
    }

    /** The beginning of a message about this object. */
    String where() {
        return where;
    }

    private JsonNode required(String key) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw new InvalidArgumentException(where + ": " + Messages.line(key) + " is missing");
        }
        return value;
    }
}
