package dev.ottava.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.core.Device;
import dev.ottava.hub.ModelFolder;
import dev.ottava.kernel.Sale;
import dev.ottava.nn.Decoder;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.SaleCalibration;
import dev.ottava.nn.SaleCalibrator;
import dev.ottava.nn.SaleErrorBound;
import dev.ottava.nn.SaleThresholds;
import dev.ottava.nn.SparsePrefill;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * How many questions of {@link RetrievalTask} a model answers, with dense prefills and with sparse ones, and what part of the blocks those keep: a JSON line for each
 * length and way to attend, whose thresholds are calibrated on prompts of that length. {@code RetrievalAccuracy MODEL QUESTIONS PICTURE.svg LENGTH...}; the picture is
 * of the blocks kept of a prompt of the last length.
 */
final class RetrievalAccuracy {
    private static final long QUESTIONS_SEED = 1_000_003;
    private static final long CALIBRATION_SEED = 1_000_033;
    private static final int CALIBRATION_SAMPLES = 4; // of each length
    private static final long LOCAL_KEYS = 128;
    private static final List<Integer> ROW_STEPS = List.of(1, 2, 4, 8);
    private static final double RELATIVE_ERROR = 0.1;
    private static final double[] TAUS = {0.004, 0.008, 0.02, 0.1, 0.4, 1};
    private static final double PICTURED_TAU = 0.4;

    /** A way to attend: dense where there are no thresholds. */
    private record Way(Map<String, Object> about, SaleThresholds thresholds) {}

    private final LlamaModel model;
    private final int questions;
    private final Path picture;

    private RetrievalAccuracy(LlamaModel model, int questions, Path picture) {
        this.model = model;
        this.questions = questions;
        this.picture = picture;
    }

    public static void main(String[] args) {
        int[] lengths = Arrays.stream(args).skip(3).mapToInt(Integer::parseInt).toArray();
        try (Device device = Device.open("cpu");
                LlamaModel model = ModelFolder.load(Path.of(args[0]), device, Precision.BF16)) {
            new RetrievalAccuracy(model, Integer.parseInt(args[1]), Path.of(args[2])).run(lengths);
        }
    }

    private void run(int... lengths) {
        for (int length : lengths) {
            for (Way way : ways(length)) {
                print(measure(way, length));
            }
        }
        drawKept(lengths[lengths.length - 1]);
    }

    private List<Way> ways(int length) {
        List<Way> ways = new ArrayList<>();
        ways.add(new Way(Map.of("attention", "dense"), null));
        for (int rowStep : ROW_STEPS) {
            ways.add(calibrated(rowStep, length));
        }
        for (double tau : TAUS) {
            ways.add(new Way(about("tau", tau, 1), uniform(tau)));
        }
        return ways;
    }

    private SaleThresholds uniform(double tau) {
        return SaleThresholds.uniform(model.config(), new Sale.Selection(LOCAL_KEYS, 1), tau);
    }

    private Way calibrated(int rowStep, int length) {
        RetrievalTask task = new RetrievalTask(length, RetrievalTraining.SYMBOLS, CALIBRATION_SEED);
        List<int[]> samples = LongStream.range(0, CALIBRATION_SAMPLES)
                .mapToObj(row -> task.question(row).prompt())
                .toList();
        SaleCalibration found = SaleCalibrator.run(
                model,
                new Sale.Selection(LOCAL_KEYS, rowStep),
                new SaleErrorBound(true, RELATIVE_ERROR),
                samples,
                (pass, sample, layer) -> {});
        Map<String, Object> about = about("relative_error", RELATIVE_ERROR, rowStep);
        about.put("taus", found.thresholds().tau());
        return new Way(about, found.thresholds());
    }

    private static Map<String, Object> about(String name, double value, int rowStep) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("attention", "sale");
        about.put("row_step", rowStep);
        about.put(name, value);
        return about;
    }

    private Map<String, Object> measure(Way way, int length) {
        RetrievalTask task = new RetrievalTask(length, RetrievalTraining.SYMBOLS, QUESTIONS_SEED);
        int right = 0;
        double[][] kept =
                new double[model.config().numHiddenLayers()][model.config().numAttentionHeads()];
        for (int row = 0; row < questions; row++) {
            RetrievalTask.Question question = task.question(row);
            try (Decoder decoder = new Decoder(model, length, way.thresholds)) {
                right += answer(decoder, question.prompt(), way.thresholds != null, kept) == question.answer() ? 1 : 0;
            }
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("length", length);
        line.putAll(way.about);
        line.put("questions", questions);
        line.put("right", right);
        if (way.thresholds != null) {
            for (double[] layer : kept) {
                Arrays.setAll(layer, head -> Math.round(1e4 * layer[head] / questions) / 1e4);
            }
            line.put(
                    "kept",
                    Math.round(1e4
                                    * Arrays.stream(kept)
                                            .flatMapToDouble(Arrays::stream)
                                            .average()
                                            .orElseThrow())
                            / 1e4);
            line.put("kept_of_heads", kept);
        }
        return line;
    }

    /** The most likely next id; adds the kept fractions. */
    private static int answer(Decoder decoder, int[] prompt, boolean sparse, double[][] kept) {
        if (!sparse) {
            return largest(decoder.prefill(prompt));
        }
        try (SparsePrefill prefill = decoder.prefillWithMasks(prompt)) {
            double[][] fractions = prefill.keptFractions();
            for (int layer = 0; layer < kept.length; layer++) {
                for (int head = 0; head < kept[layer].length; head++) {
                    kept[layer][head] += fractions[layer][head];
                }
            }
            return largest(prefill.logits());
        }
    }

    private static int largest(float... logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private void drawKept(int length) {
        int[] prompt = new RetrievalTask(length, RetrievalTraining.SYMBOLS, QUESTIONS_SEED)
                .question(0)
                .prompt();
        try (Decoder decoder = new Decoder(model, length, uniform(PICTURED_TAU));
                SparsePrefill prefill = decoder.prefillWithMasks(prompt)) {
            KeptBlocks.write(picture, prefill.masks(), LOCAL_KEYS);
        }
    }

    private static void print(Map<String, Object> line) {
        try {
            System.out.println(new ObjectMapper().writeValueAsString(line));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
