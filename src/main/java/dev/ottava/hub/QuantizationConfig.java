package dev.ottava.hub;

import dev.ottava.core.UnsupportedException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code quantization_config} of FP8 weights: {@code FineGrainedFP8Config} of transformers, with a scale for each block of 128 by 128. Which matrices are in FP8
 * is seen from the tensors.
 */
final class QuantizationConfig {
    private static final List<Integer> BLOCK = List.of(128, 128);

    private QuantizationConfig() {}

    static Map<String, Object> of() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("quant_method", "fp8");
        json.put("fmt", "e4m3");
        json.put("activation_scheme", "dynamic");
        json.put("weight_block_size", BLOCK);
        json.put("modules_to_not_convert", List.of("lm_head"));
        return json;
    }

    /** Refuses every other quantisation. */
    static void check(JsonObject json) {
        String where = json.where() + ": not implemented: quantization_config (";
        String method = json.text("quant_method", "unnamed method");
        if (!method.equals("fp8")) {
            throw new UnsupportedException(where + Messages.line(method) + "): use the model's unquantised weights");
        }
        refuseOther(json, where, "fmt", "e4m3");
        refuseOther(json, where, "activation_scheme", "dynamic");
        if (!json.integers("weight_block_size").equals(BLOCK)) {
            throw new UnsupportedException(where + "weight_block_size): [128, 128] is");
        }
    }

    private static void refuseOther(JsonObject json, String where, String key, String known) {
        String value = json.text(key, known);
        if (!value.equals(known)) {
            throw new UnsupportedException(where + key + " " + Messages.line(value) + "): " + known + " is");
        }
    }
}
