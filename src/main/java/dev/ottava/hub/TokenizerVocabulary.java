package dev.ottava.hub;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many ids a {@code tokenizer.json} knows, which the tokenizers library does not tell. */
final class TokenizerVocabulary {
    private TokenizerVocabulary() {}

    /** One more than the largest id of {@code model.vocab} and {@code added_tokens}. */
    static int size(Path tokenizerJson) {
        try (JsonParser parser = Json.parser(Files.readAllBytes(tokenizerJson))) {
            long size = 0;
            if (parser.nextToken() == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String key = parser.currentName();
                    parser.nextToken();
                    if (key.equals("added_tokens") && parser.currentToken() == JsonToken.START_ARRAY) {
                        size = Math.max(size, addedTokens(parser));
                    } else if (key.equals("model") && parser.currentToken() == JsonToken.START_OBJECT) {
                        size = Math.max(size, model(parser));
                    } else {
                        parser.skipChildren();
                    }
                }
            }
            if (size <= 0 || size > Integer.MAX_VALUE) {
                throw new InvalidArgumentException(tokenizerJson + " is no tokenizer: it has no model.vocab");
            }
            return (int) size;
        } catch (IOException e) {
            throw Json.unreadable(tokenizerJson, e);
        }
    }

    private static long model(JsonParser parser) throws IOException {
        long size = 0;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean vocab = parser.currentName().equals("vocab");
            JsonToken value = parser.nextToken();
            if (vocab && value == JsonToken.START_OBJECT) { // token: id
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    parser.nextToken();
                    size = Math.max(size, parser.getValueAsLong(-1) + 1);
                }
            } else if (vocab && value == JsonToken.START_ARRAY) { // [token, score], the position is the id
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    parser.skipChildren();
                    size++;
                }
            } else {
                parser.skipChildren();
            }
        }
        return size;
    }

    private static long addedTokens(JsonParser parser) throws IOException {
        long size = 0;
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean id = parser.currentName().equals("id");
                parser.nextToken();
                if (id) {
                    size = Math.max(size, parser.getValueAsLong(-1) + 1);
                } else {
                    parser.skipChildren();
                }
            }
        }
        return size;
    }
}
