package dev.ottava.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryStatistics;
import dev.ottava.data.Dataset;
import dev.ottava.hub.ModelFolder;
import dev.ottava.kernel.Scaling;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.WeightFormat;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static final Map<String, Precision> PRECISIONS = Map.of(
            "F32",
            Precision.F32,
            "BF16",
            Precision.BF16,
            "FP8",
            Precision.fp8(Scaling.BLOCKS_128),
            "FP8 per tensor",
            Precision.fp8(Scaling.PER_TENSOR),
            "FP8 weights",
            Precision.fp8(Scaling.BLOCKS_128).with(WeightFormat.FP8),
            "FP8 weights in BF16",
            Precision.BF16.with(WeightFormat.FP8_POWER_OF_TWO),
            "F32 weights in BF16",
            Precision.BF16.with(WeightFormat.F32));

    /** Options by their names in {@link TrainingOptions}, over the defaults. */
    private static TrainingOptions options(OptimizerKind optimizer, int steps, Map<String, Object> changes) {
        ObjectNode node = JSON.valueToTree(TrainingOptions.defaults(optimizer, steps));
        node.put("batchSize", 2).put("shuffle", true).put("logSteps", 1).put("learningRate", 0.01);
        changes.forEach((name, value) -> {
            assertTrue(node.has(name), name);
            node.set(name, JSON.valueToTree(value));
        });
        return JSON.convertValue(node, TrainingOptions.class);
    }

    private record Outcome(List<String> losses, Map<String, float[]> weights, MemoryStatistics memory) {}

    private static Outcome train(TrainingOptions options, RunFolder run, int killAtStep) {
        try (Device device = Device.open("cpu");
                LlamaModel model = ModelFolder.load(Goldens.GROUPED, device, options.precision());
                Dataset data = Goldens.data(Goldens.GROUPED, model.config());
                Trainer trainer = new Trainer(model, data, null, options, run)) {
            try {
                trainer.run(new TrainingListener() {
                    @Override
                    public void onStep(StepMetrics metrics, boolean logged) {
                        if (metrics.step() == killAtStep) {
                            throw new IllegalStateException("killed");
                        }
                    }
                });
            } catch (IllegalStateException e) {
                assertEquals("killed", e.getMessage());
            }
            Map<String, float[]> weights = new TreeMap<>();
            model.parameters()
                    .forEach(p -> p.tensors().forEach((name, tensor) -> weights.put(name, tensor.toFloats())));
            return new Outcome(run == null ? List.of() : losses(run.path()), weights, device.memory());
        }
    }

    private static List<String> losses(Path run) {
        try {
            List<String> losses = new ArrayList<>();
            for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
                ObjectNode node = (ObjectNode) JSON.readTree(line);
                node.remove(List.of("tokens_per_second", "host_milliseconds"));
                losses.add(node.toString());
            }
            return losses;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "LOMO, F32, FP32",
        "LOMO, BF16, FP32",
        "ADALOMO, F32, FP32",
        "ADALOMO, BF16, FP32",
        "ADAMW, F32, FP32",
        "ADAMW, BF16, FP32",
        "ADAMW, BF16, BF16",
        "ADAMW, F32, FP8",
        "ADAMW, FP8, FP8",
        "ADAMW, BF16, FP8 STOCHASTIC",
        "LOMO, FP8, FP32",
        "LOMO, FP8 weights, FP32",
        "LOMO, FP8 weights in BF16, FP32",
        "ADAMW, F32 weights in BF16, FP32"
    })
    void aRunThatGoesOnFromACheckpointEqualsOneThatWasNeverStopped(
            OptimizerKind optimizer, String precision, String states) {
        TrainingOptions options = options(
                optimizer,
                9,
                Map.of(
                        "saveSteps",
                        2,
                        "precision",
                        PRECISIONS.get(precision),
                        "optimizerStates",
                        states.split(" ")[0],
                        "adamwWeights",
                        states.endsWith("STOCHASTIC") ? "STOCHASTIC" : "EXACT",
                        "fp8Activations",
                        precision.startsWith("FP8") && optimizer == OptimizerKind.ADAMW));
        Outcome whole = train(options, RunFolder.create(folder.resolve("whole")), -1);
        Path path = folder.resolve("stopped");
        train(options, RunFolder.create(path), 6); // the checkpoint of step 4 is the last, lines of 5 and 6 are written
        Outcome resumed = train(options, RunFolder.resume(path), -1);
        assertEquals(9, whole.losses().size());
        assertEquals(whole.losses(), resumed.losses());
        whole.weights()
                .forEach((name, weight) ->
                        assertArrayEquals(weight, resumed.weights().get(name), name));
    }

    /** Moments become FP8, and F32 again, where a run goes on with another form of them. */
    @Test
    void aRunMayGoOnWithMomentsInAnotherForm() {
        List<String> losses = new ArrayList<>();
        for (String last : List.of("FP32", "FP8")) {
            Path path = folder.resolve("to-" + last);
            for (String states : List.of("FP32", "FP8", last)) {
                int stop = 4 + 4 * losses.size();
                losses.add(states);
                TrainingOptions options = options(
                        OptimizerKind.ADAMW,
                        12,
                        Map.of("saveSteps", 4, "optimizerStates", states, "learningRate", 0.002));
                train(options, stop == 4 ? RunFolder.create(path) : RunFolder.resume(path), stop == 12 ? -1 : stop + 1);
            }
            losses.clear();
        }
        List<String> exact = losses(folder.resolve("to-FP32"));
        List<String> fp8 = losses(folder.resolve("to-FP8"));
        assertEquals(12, exact.size());
        assertEquals(exact.subList(0, 8), fp8.subList(0, 8));
        double difference = loss(exact.get(11)) / loss(fp8.get(11)) - 1;
        assertTrue(Math.abs(difference) < 0.01, "the last losses differ by " + difference);
    }

    private static double loss(String line) {
        try {
            return JSON.readTree(line).get("loss").asDouble();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void onlySoManyCheckpointsAreKept() throws IOException {
        TrainingOptions options = options(OptimizerKind.LOMO, 7, Map.of("saveSteps", 1, "keepCheckpoints", 3));
        train(options, RunFolder.create(folder.resolve("run")), -1);
        try (var files = Files.list(folder.resolve("run/checkpoints"))) {
            assertEquals(
                    List.of("step-00000005", "step-00000006", "step-00000007"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void resumingWithoutACheckpointStartsFromTheBeginning() {
        TrainingOptions options = options(OptimizerKind.LOMO, 3, Map.of());
        Outcome first = train(options, RunFolder.create(folder.resolve("run")), 2);
        Outcome again = train(options, RunFolder.resume(folder.resolve("run")), -1);
        assertEquals(2, first.losses().size());
        assertEquals(3, again.losses().size());
        assertEquals(first.losses(), again.losses().subList(0, 2));
    }

    @Test
    void otherHyperparametersAreRefused() {
        Path path = folder.resolve("run");
        train(options(OptimizerKind.LOMO, 4, Map.of("saveSteps", 2)), RunFolder.create(path), 3);
        TrainingOptions other = options(OptimizerKind.LOMO, 4, Map.of("saveSteps", 2, "weightDecay", 0.5));
        String message = assertThrows(InvalidArgumentException.class, () -> train(other, RunFolder.resume(path), -1))
                .getMessage();
        assertTrue(message.contains("weightDecay was 0.0 and is now 0.5"), message);
        // How often to log and save may change, and a constant schedule may go on for longer.
        TrainingOptions longer = options(OptimizerKind.LOMO, 6, Map.of("saveSteps", 3, "logSteps", 2));
        train(longer, RunFolder.resume(path), -1);
    }

    @Test
    void aRunIsNotOverwritten() {
        train(options(OptimizerKind.LOMO, 1, Map.of()), RunFolder.create(folder), -1);
        String message = assertThrows(InvalidArgumentException.class, () -> RunFolder.create(folder))
                .getMessage();
        assertTrue(message.contains("holds a run"), message);
    }

    @Test
    void aLossThatIsNotFiniteStopsTheRunAndLeavesTheCheckpoint() {
        Path path = folder.resolve("run");
        TrainingOptions options =
                options(OptimizerKind.LOMO, 50, Map.of("learningRate", 1e9, "saveSteps", 1, "warmupSteps", 0));
        String message = assertThrows(TrainingException.class, () -> train(options, RunFolder.create(path), -1))
                .getMessage();
        assertTrue(message.matches("step \\d+: the (loss|norm of the gradients) is .*"), message);
        assertTrue(message.contains("last checkpoint: ") || message.startsWith("step 1:"), message);
        assertFalse(Files.exists(path.resolve("checkpoints/.unfinished-1")));
    }

    @ParameterizedTest
    @CsvSource({
        "LOMO, F32, 0, false, 1, false, FP32",
        "LOMO, BF16, 0, false, 1, false, FP32",
        "LOMO, F32, 1.0, false, 1, false, FP32",
        "LOMO, F32, 1.0, true, 1, false, FP32",
        "ADALOMO, BF16, 0, true, 1, false, FP32",
        "ADAMW, F32, 0, false, 1, false, BF16",
        "ADAMW, BF16, 1.0, false, 3, false, FP32",
        "LOMO, FP8, 1.0, true, 1, true, FP32",
        "ADALOMO, FP8 per tensor, 0, false, 1, true, FP32",
        "ADAMW, FP8, 1.0, false, 2, true, FP8",
        "ADAMW, FP8, 1.0, false, 2, false, FP32",
        "LOMO, FP8 weights, 0, true, 1, false, FP32",
        "LOMO, FP8 weights, 1.0, false, 1, true, FP32",
        "LOMO, FP8 weights in BF16, 0, true, 1, false, FP32",
        "LOMO, F32 weights in BF16, 0, false, 1, false, FP32",
    })
    void thePlanIsWhatTheAllocatorSees(
            OptimizerKind optimizer,
            String precision,
            double maxGradNorm,
            boolean recompute,
            int accumulation,
            boolean fp8Activations,
            String states) {
        TrainingOptions options = options(
                optimizer,
                3,
                Map.of(
                        "precision", PRECISIONS.get(precision),
                        "maxGradNorm", maxGradNorm,
                        "recomputeBlocks", recompute,
                        "gradientAccumulationSteps", accumulation,
                        "fp8Activations", fp8Activations,
                        "optimizerStates", states));
        MemoryStatistics measured = train(options, null, -1).memory();
        MemoryStatistics planned = Trainer.plan(ModelFolder.readConfig(Goldens.GROUPED), options, 48);
        assertEquals(planned.peakByPurpose(), measured.peakByPurpose());
        assertEquals(planned.peakBytes(), measured.peakBytes());
    }

    @Test
    void threeHundredStepsTakeNoMoreMemoryThanAHundred() throws IOException {
        long[] held = new long[2];
        long[] resident = new long[2];
        TrainingOptions options = options(OptimizerKind.ADAMW, 300, Map.of("logSteps", 100));
        try (Device device = Device.open("cpu");
                LlamaModel model = ModelFolder.load(Goldens.RAGGED, device, Precision.F32);
                Dataset data = Goldens.data(Goldens.RAGGED, model.config());
                Trainer trainer = new Trainer(model, data, null, options, null)) {
            trainer.run(new TrainingListener() {
                @Override
                public void onStep(StepMetrics metrics, boolean logged) {
                    if (metrics.step() == 100 || metrics.step() == 300) {
                        System.gc();
                        int which = metrics.step() == 100 ? 0 : 1;
                        held[which] = device.memory().heldBytes();
                        resident[which] = residentBytes();
                    }
                }
            });
        }
        assertEquals(held[0], held[1]);
        assertTrue(resident[1] - resident[0] < 32 << 20, "resident: " + resident[0] + " then " + resident[1]);
    }

    private static long residentBytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
            throw new AssertionError("no VmRSS in /proc/self/status");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
