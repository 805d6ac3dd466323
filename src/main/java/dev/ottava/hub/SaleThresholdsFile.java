package dev.ottava.hub;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.kernel.BlockMask;
import dev.ottava.kernel.Sale;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.SaleCalibration;
import dev.ottava.nn.SaleErrorBound;
import dev.ottava.nn.SaleThresholds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * thresholds.json: the thresholds of SALE that a calibration found, with the model that they are for.
 *
 * @param model its name, for people
 * @param layers of the model
 * @param heads of queries in a layer
 * @param keyValueHeads in a layer
 * @param headDim channels of a head
 * @param calibration what was found
 */
public record SaleThresholdsFile(
        String model, int layers, int heads, int keyValueHeads, int headDim, SaleCalibration calibration) {
    private static final String FORMAT = "ottava-sale-thresholds";
    private static final int VERSION = 1;

    /** The outcome for a model. */
    public static SaleThresholdsFile of(String model, LlamaConfig config, SaleCalibration calibration) {
        return new SaleThresholdsFile(
                model,
                config.numHiddenLayers(),
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                config.headDim(),
                calibration);
    }

    /**
     * Reads a file.
     *
     * @throws InvalidArgumentException if it is not there, broken, or of another version
     */
    public static SaleThresholdsFile read(Path file) {
        JsonObject json = Json.read(file);
        if (!json.text("format", "").equals(FORMAT)) {
            throw new InvalidArgumentException(
                    file + " has no thresholds of SALE (format " + FORMAT + "): `ottava calibrate` writes them");
        }
        if (json.integer("version") != VERSION) {
            throw json.wrong("version", VERSION + ": calibrate again with this version of Ottava");
        }
        if (!json.integers("block").equals(List.of(BlockMask.BLOCK, BlockMask.BLOCK))) {
            throw json.wrong("block", "[64, 64]: masks have no other blocks");
        }
        JsonObject model = required(json, "model");
        int layers = model.integer("num_hidden_layers");
        int heads = model.integer("num_attention_heads");
        JsonObject error = required(json, "error");
        String kind = error.text("kind");
        if (!kind.equals("absolute") && !kind.equals("relative")) {
            throw error.wrong("kind", "absolute or relative");
        }
        double[][] tau = json.numbers("tau", layers, heads);
        float[][] taus = Arrays.stream(tau).map(SaleThresholdsFile::floats).toArray(float[][]::new);
        Sale.Selection selection = new Sale.Selection(json.integer("local_keys"), json.integer("row_step"));
        try {
            SaleCalibration calibration = new SaleCalibration(
                    new SaleThresholds(selection, taus),
                    new SaleErrorBound(kind.equals("relative"), error.number("limit")),
                    error.numbers("of_heads", layers, heads),
                    json.numbers("kept_fractions", layers, heads),
                    json.integer("samples"),
                    (long) json.number("tokens"));
            int keyValueHeads = model.integer("num_key_value_heads");
            return new SaleThresholdsFile(
                    model.text("name"), layers, heads, keyValueHeads, model.integer("head_dim"), calibration);
        } catch (InvalidArgumentException e) {
            String message = e.getMessage();
            throw message.startsWith(json.where()) ? e : new InvalidArgumentException(json.where() + ": " + message);
        }
    }

    private static JsonObject required(JsonObject json, String key) {
        JsonObject inner = json.object(key);
        if (inner == null) {
            throw new InvalidArgumentException(json.where() + ": " + key + " is missing");
        }
        return inner;
    }

    private static float[] floats(double... row) {
        float[] floats = new float[row.length];
        for (int i = 0; i < row.length; i++) {
            floats[i] = (float) row[i];
        }
        return floats;
    }

    /**
     * The thresholds, for a model.
     *
     * @throws InvalidArgumentException if they are of a model of another shape
     */
    public SaleThresholds thresholds(LlamaConfig config) {
        SaleThresholdsFile wanted = of(model, config, calibration);
        if (!equals(wanted)) {
            throw new InvalidArgumentException("the thresholds are of " + Messages.line(model) + ", " + shape()
                    + ", and this model has " + wanted.shape() + ": run `ottava calibrate` for it");
        }
        return calibration.thresholds();
    }

    private String shape() {
        return layers + " layers of " + heads + " heads (" + keyValueHeads + " of keys) of " + headDim + " channels";
    }

    /**
     * Writes the file in one piece.
     *
     * @throws OttavaException if the folder cannot be written; a file that was there is left as it was
     */
    public void write(Path file) {
        Path absolute = file.toAbsolutePath();
        try (StagedFiles staged = new StagedFiles(absolute.getParent())) {
            Json.write(staged.file(absolute.getFileName().toString()), json());
            staged.commit();
        } catch (IOException e) {
            throw new OttavaException(file + " cannot be written: " + Messages.reason(e), e);
        }
    }

    private Map<String, Object> json() {
        SaleThresholds thresholds = calibration.thresholds();
        Map<String, Object> shape = new LinkedHashMap<>();
        shape.put("name", model);
        shape.put("num_hidden_layers", layers);
        shape.put("num_attention_heads", heads);
        shape.put("num_key_value_heads", keyValueHeads);
        shape.put("head_dim", headDim);
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("kind", calibration.bound().relative() ? "relative" : "absolute");
        error.put("limit", calibration.bound().limit());
        error.put("of_heads", calibration.errors());
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("format", FORMAT);
        object.put("version", VERSION);
        object.put("model", shape);
        object.put("block", List.of(BlockMask.BLOCK, BlockMask.BLOCK));
        object.put("sink_keys", BlockMask.BLOCK);
        object.put("local_keys", thresholds.selection().localKeys());
        object.put("row_step", thresholds.selection().rowStep());
        object.put("samples", calibration.samples());
        object.put("tokens", calibration.tokens());
        object.put("tau", thresholds.tau());
        object.put("error", error);
        object.put("kept_fractions", calibration.keptFractions());
        return object;
    }
}
