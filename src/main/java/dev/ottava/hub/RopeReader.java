package dev.ottava.hub;

import dev.ottava.core.UnsupportedException;
import dev.ottava.nn.RopeConfig;

/**
 * Reads the rotary position embedding of a {@code config.json}. Over the years it was written as {@code rope_theta}
 * with {@code rope_scaling} (its kind under {@code type}, later {@code rope_type}), and since transformers 5 as {@code
 * rope_parameters} with the base inside.
 */
final class RopeReader {
    private static final double DEFAULT_THETA = 10000;

    private RopeReader() {}

    static RopeConfig read(JsonObject json) {
        refusePartial(json);
        JsonObject scaling = json.object("rope_scaling");
        JsonObject rope = scaling != null && !scaling.isEmpty() ? scaling : json.object("rope_parameters");
        double outer = json.has("rope_theta") ? positive(json, "rope_theta") : DEFAULT_THETA;
        if (rope == null) {
            return new RopeConfig(outer, null);
        }
        refusePartial(rope);
        double theta = rope.has("rope_theta") ? positive(rope, "rope_theta") : outer;
        String type = rope.text("rope_type", rope.text("type", "default"));
        return switch (type) {
            case "default" -> {
                refuseNested(rope);
                yield new RopeConfig(theta, null);
            }
            case "llama3" -> new RopeConfig(theta, llama3(rope));
            default ->
                throw new UnsupportedException(rope.where() + ": not implemented: rope_type " + Messages.line(type)
                        + ": default and llama3 are");
        };
    }

    private static RopeConfig.Llama3Scaling llama3(JsonObject rope) {
        double factor = positive(rope, "factor");
        double low = positive(rope, "low_freq_factor");
        double high = positive(rope, "high_freq_factor");
        int original = rope.integer("original_max_position_embeddings");
        if (factor < 1) {
            throw rope.wrong("factor", "1 or more");
        }
        if (high <= low) {
            throw rope.wrong("high_freq_factor", "greater than low_freq_factor, " + low);
        }
        if (original <= 0) {
            throw rope.wrong("original_max_position_embeddings", "positive");
        }
        return new RopeConfig.Llama3Scaling(factor, low, high, original);
    }

    private static double positive(JsonObject json, String key) {
        double value = json.number(key);
        if (value <= 0) {
            throw json.wrong(key, "positive");
        }
        return value;
    }

    private static void refusePartial(JsonObject json) {
        if (json.has("partial_rotary_factor") && json.number("partial_rotary_factor") != 1) {
            throw new UnsupportedException(json.where() + ": not implemented: partial_rotary_factor "
                    + json.number("partial_rotary_factor") + ": 1 is");
        }
    }

    /** One embedding for each kind of layer. */
    private static void refuseNested(JsonObject rope) {
        for (String key : new String[] {"full_attention", "sliding_attention"}) {
            if (rope.has(key)) {
                throw new UnsupportedException(
                        rope.where() + ": not implemented: different ones for kinds of layers (" + key + ")");
            }
        }
    }
}
