package dev.ottava.cli;

import dev.ottava.hub.ByteTokenizer;
import dev.ottava.hub.HuggingFaceTokenizer;
import dev.ottava.hub.ModelFolder;
import dev.ottava.hub.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The tokenizer beside a model, or that of a preset: bytes, in a temporary folder until the model is saved with it. */
final class ModelTokenizer implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final Path temporary;

    private ModelTokenizer(Tokenizer tokenizer, Path temporary) {
        this.tokenizer = tokenizer;
        this.temporary = temporary;
    }

    /** For a model's directory, or null for a preset. */
    static ModelTokenizer of(Path folderOrNull) {
        if (folderOrNull != null) {
            return new ModelTokenizer(ModelFolder.tokenizer(folderOrNull).orElse(null), null);
        }
        try {
            Path temporary = Files.createTempDirectory("ottava-tokenizer");
            try {
                ByteTokenizer.write(temporary);
                return new ModelTokenizer(HuggingFaceTokenizer.open(temporary.resolve("tokenizer.json")), temporary);
            } catch (Throwable t) {
                delete(temporary);
                throw t;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Null for a model without a tokenizer.json, which can be trained on ids. */
    Tokenizer orNull() {
        return tokenizer;
    }

    private static void delete(Path folder) {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (tokenizer != null) {
            tokenizer.close();
        }
        if (temporary != null) {
            delete(temporary);
        }
    }
}
