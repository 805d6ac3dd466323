package dev.ottava.hub;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ottava.core.InvalidArgumentException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Strict JSON: UTF-8, no key twice in an object, nothing behind the value. */
final class Json {
    /** Far above any real configuration or index, and below what a heap holds as a tree. */
    private static final long LARGEST_FILE = 16 << 20;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // names of a foreign file do not stay in this process
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();
    private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final ObjectWriter PRETTY = MAPPER.writerWithDefaultPrettyPrinter();

    private Json() {}

    /** The object a file holds. */
    static JsonObject read(Path file) {
        try {
            long size = Files.size(file);
            if (size > LARGEST_FILE) {
                throw new InvalidArgumentException(
                        file + " has " + size + " bytes, too many for a configuration (at most " + LARGEST_FILE + ")");
            }
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** The object in the bytes; {@code file} is for messages. */
    static JsonObject parse(String file, byte[] utf8) {
        try (Reader reader = reader(utf8)) {
            JsonNode node = MAPPER.readTree(reader);
            if (node instanceof ObjectNode object) {
                return new JsonObject(file, object);
            }
            throw new InvalidArgumentException(file + " is not a JSON object");
        } catch (IOException e) {
            throw new InvalidArgumentException(file + " is broken: " + problem(e));
        }
    }

    /** A parser that reads token by token; the caller turns its exceptions into a {@link #problem}. */
    static JsonParser parser(byte[] utf8) throws IOException {
        return FACTORY.createParser(reader(utf8));
    }

    static byte[] bytes(Map<String, ?> object) throws JsonProcessingException {
        return MAPPER.writeValueAsBytes(object);
    }

    static void write(Path file, Map<String, ?> object) throws IOException {
        Files.writeString(file, PRETTY.writeValueAsString(object) + "\n");
    }

    /** A file that is not there, cannot be read, or is not JSON. */
    static InvalidArgumentException unreadable(Path file, IOException e) {
        boolean content = e instanceof JsonProcessingException || e instanceof CharacterCodingException;
        return content
                ? new InvalidArgumentException(file + " is broken: " + problem(e))
                : Messages.unreadable(file, e);
    }

    static String problem(IOException e) {
        if (e instanceof CharacterCodingException) {
            return "not UTF-8";
        }
        if (e instanceof JsonProcessingException json && json.getLocation() != null) {
            return Messages.line(json.getOriginalMessage()) + " (line "
                    + json.getLocation().getLineNr() + ", column "
                    + json.getLocation().getColumnNr() + ")";
        }
        return Messages.reason(e);
    }

    /** Left to itself Jackson would guess the encoding, and replace what is not text in it. */
    private static Reader reader(byte[] utf8) {
        return new InputStreamReader(new ByteArrayInputStream(utf8), StandardCharsets.UTF_8.newDecoder());
    }
}
