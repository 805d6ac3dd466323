package dev.ottava.bench.suite;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.bench.Case;
import dev.ottava.bench.suite.Fp8GemmCases.Kind;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Products of FP8 of the shapes in a file: a JSON array of objects with name, product (forward, input_gradient, weight_gradient), m, n and k. */
public final class GemmShapes {
    private GemmShapes() {}

    /** The cases of {@code benchmarks/shapes.json}, or of a file like it. */
    public static List<Case> read(Path file) {
        List<Case> cases = new ArrayList<>();
        try {
            for (JsonNode shape : new ObjectMapper().readTree(file.toFile())) {
                Kind kind = Kind.valueOf(shape.required("product").asText().toUpperCase(Locale.ROOT));
                String layer = shape.required("name").asText();
                cases.addAll(Fp8GemmCases.of(layer, kind, size(shape, "m"), size(shape, "n"), size(shape, "k")));
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new InvalidArgumentException("--shapes " + file + ": " + e.getMessage());
        }
        return cases;
    }

    private static long size(JsonNode shape, String name) {
        long size = shape.required(name).asLong();
        if (size < 1) {
            throw new IllegalArgumentException(name + " of " + shape + " is not a size");
        }
        return size;
    }
}
