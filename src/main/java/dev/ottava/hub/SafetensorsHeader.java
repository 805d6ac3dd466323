package dev.ottava.hub;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonParser.NumberType;
import com.fasterxml.jackson.core.JsonToken;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a safetensors file says it holds, checked: every tensor has a known type, a shape, and its own bytes, and every
 * byte belongs to a tensor. The format: <a
 * href="https://github.com/huggingface/safetensors#format">huggingface/safetensors</a>. Read token by token, so that
 * memory stays near the size of the header.
 */
final class SafetensorsHeader {
    /** The format's own limit. */
    static final long MOST_BYTES = 100_000_000;

    private static final int MOST_DIMENSIONS = 64;
    private static final String METADATA = "__metadata__";

    /** A tensor; its bytes are {@code begin} to {@code end} (exclusive) of what follows the header. */
    record Entry(String name, SafetensorsType type, List<Long> shape, long begin, long end) {}

    private final String file;
    private final long dataBytes;
    private final JsonParser parser;
    private final SortedMap<String, Entry> entries = new TreeMap<>();
    private final SortedMap<String, String> metadata = new TreeMap<>();

    private SafetensorsHeader(String file, JsonParser parser, long dataBytes) {
        this.file = file;
        this.parser = parser;
        this.dataBytes = dataBytes;
    }

    /**
     * Reads a header.
     *
     * @param file for messages
     * @param dataBytes bytes of the file behind the header
     */
    static SafetensorsHeader parse(String file, byte[] json, long dataBytes) {
        try (JsonParser parser = Json.parser(json)) {
            SafetensorsHeader header = new SafetensorsHeader(file, parser, dataBytes);
            if (json.length == 0 || json[0] != '{') {
                throw header.invalid("the header is not JSON: it does not begin with {");
            }
            header.readObject();
            header.checkLayout();
            return header;
        } catch (IOException e) {
            throw new InvalidArgumentException(file + ": the header is not JSON: " + Json.problem(e));
        }
    }

    SortedMap<String, Entry> entries() {
        return Collections.unmodifiableSortedMap(entries);
    }

    SortedMap<String, String> metadata() {
        return Collections.unmodifiableSortedMap(metadata);
    }

    private void readObject() throws IOException {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            if (name.equals(METADATA)) {
                readMetadata();
            } else {
                entries.put(name, readEntry(name));
            }
        }
        if (parser.nextToken() != null) {
            throw invalid("something follows the header's JSON object");
        }
    }

    private void readMetadata() throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw invalid(METADATA + " is not an object");
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw invalid(METADATA + ": the value of '" + Messages.line(key) + "' is not a string");
            }
            metadata.put(key, parser.getText());
        }
    }

    private Entry readEntry(String name) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw invalid(name, "is not described by an object");
        }
        SafetensorsType type = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            parser.nextToken();
            switch (key) {
                case "dtype" -> type = readType(name);
                case "shape" -> shape = readNumbers(name, key);
                case "data_offsets" -> offsets = readNumbers(name, key);
                default -> throw invalid(name, "has an unknown key '" + Messages.line(key) + "'");
            }
        }
        if (type == null || shape == null || offsets == null) {
            throw invalid(name, "lacks " + (type == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
        }
        return check(name, type, shape, offsets);
    }

    private SafetensorsType readType(String name) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw invalid(name, "has a dtype that is not a string");
        }
        String type = parser.getText();
        return SafetensorsType.named(type)
                .orElseThrow(() -> invalid(name, "has the unknown dtype '" + Messages.line(type) + "'"));
    }

    private List<Long> readNumbers(String name, String key) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw invalid(name, "has a " + key + " that is not a list");
        }
        List<Long> numbers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
                throw invalid(name, "has a " + key + " with something that is not an integer");
            }
            if (parser.getNumberType() == NumberType.BIG_INTEGER) {
                throw invalid(name, "has a " + key + " with a number of more than 63 bits");
            }
            if (parser.getLongValue() < 0) {
                throw invalid(name, "has a negative number in " + key + ": " + parser.getLongValue());
            }
            if (numbers.size() == MOST_DIMENSIONS) {
                throw invalid(name, "has a " + key + " of more than " + MOST_DIMENSIONS + " numbers");
            }
            numbers.add(parser.getLongValue());
        }
        return numbers;
    }

    private Entry check(String name, SafetensorsType type, List<Long> shape, List<Long> offsets) {
        if (offsets.size() != 2) {
            throw invalid(name, "has " + offsets.size() + " data_offsets: there must be 2");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (begin > end) {
            throw invalid(name, "has reversed data_offsets " + offsets);
        }
        if (end > dataBytes) {
            throw invalid(
                    name,
                    "has data_offsets " + offsets + " but the file has " + dataBytes
                            + " bytes of data: is it truncated?");
        }
        long bits = type.bits();
        try {
            for (long size : shape) {
                bits = Math.multiplyExact(bits, size);
            }
        } catch (ArithmeticException e) {
            throw invalid(name, "has the shape " + shape + ", which overflows 64 bits");
        }
        if (bits % 8 != 0) {
            throw invalid(name, "has the shape " + shape + ", which is no whole number of bytes of " + type);
        }
        if (end - begin != bits / 8) {
            throw invalid(
                    name,
                    "has the shape " + shape + " of " + type + ", " + bits / 8 + " bytes, but data_offsets " + offsets
                            + " hold " + (end - begin));
        }
        return new Entry(name, type, List.copyOf(shape), begin, end);
    }

    private void checkLayout() {
        List<Entry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long covered = 0;
        String before = null;
        for (Entry entry : inOrder) {
            if (entry.begin() < covered) {
                throw invalid(entry.name(), "overlaps tensor '" + Messages.line(before) + "'");
            }
            if (entry.begin() > covered) {
                throw invalid("the " + (entry.begin() - covered) + " bytes before tensor '"
                        + Messages.line(entry.name()) + "' belong to no tensor");
            }
            covered = entry.end();
            before = entry.name();
        }
        if (covered < dataBytes) {
            throw invalid("the last " + (dataBytes - covered) + " bytes belong to no tensor");
        }
    }

    private InvalidArgumentException invalid(String name, String problem) {
        return invalid("tensor '" + Messages.line(name) + "' " + problem);
    }

    private InvalidArgumentException invalid(String problem) {
        return new InvalidArgumentException(file + ": " + problem);
    }
}
