package dev.ottava.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.Gpu;
import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.data.Batch;
import dev.ottava.data.DataOptions;
import dev.ottava.data.Dataset;
import dev.ottava.data.Datasets;
import dev.ottava.data.Progress;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Scaling;
import dev.ottava.kernel.StepControl;
import dev.ottava.nn.Decoder;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import dev.ottava.optim.Lomo;
import dev.ottava.optim.Optimizer;
import dev.ottava.optim.UpdateOptions;
import dev.ottava.train.StepMetrics.Issue;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps that are launched from graphs give the bits of steps that are not, whatever happens between them. On cuda, which the fake driver is too. */
class StepGraphsContractTest {
    private static final int VOCABULARY = 70;
    private static final Map<String, Precision> PRECISIONS =
            Map.of("F32", Precision.F32, "BF16", Precision.BF16, "FP8", Precision.fp8(Scaling.BLOCKS_128));
    private static final Issue QUEUED = Issue.QUEUED;
    private static final Issue GRAPH = Issue.GRAPH;

    @TempDir
    Path folder;

    @BeforeAll
    static void cuda() {
        assumeTrue(Gpu.devices().contains("cuda"));
    }

    private static LlamaConfig config(double epsilon) {
        RopeConfig rope = new RopeConfig(100, null);
        return new LlamaConfig(
                "llama", VOCABULARY, 32, 48, 1, 2, 1, 16, 64, epsilon, rope, false, true, true, true, -1, -1);
    }

    private static Batch batch(int seed, int length) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] ids = random.ints(2 * length, 0, VOCABULARY - 1).toArray();
        int[] targets = random.ints(2 * length, 0, VOCABULARY).toArray();
        int masked = seed % 2; // so that the number of targets changes from step to step
        targets[1] = masked == 1 ? -1 : targets[1];
        return new Batch(2, length, ids, targets, targets.length - masked, ids.length);
    }

    private static TrainingOptions options(OptimizerKind kind, Precision precision, double maxGradNorm, int batches) {
        return TrainingOptions.defaults(kind, 9).with(o -> {
            o.precision = precision;
            o.maxGradNorm = maxGradNorm;
            o.weightDecay = 0.1;
            o.gradientAccumulationSteps = batches;
            o.seed = 11;
            o.batchSize = 2;
        });
    }

    /** A model in training. */
    private static final class Run implements AutoCloseable {
        final Device device = Device.open("cuda");
        final LlamaModel model;
        final TrainingStep step;
        final int batches;
        final List<Issue> issues = new ArrayList<>();
        final List<Double> found = new ArrayList<>();

        Run(TrainingOptions options, boolean graph, double epsilon, Optimizer optimizer) {
            TrainingOptions chosen = options.with(o -> o.graph = graph);
            model = LlamaModel.initialize(config(epsilon), device, options.precision(), 3);
            step = optimizer == null ? new TrainingStep(model, chosen) : new TrainingStep(model, chosen, optimizer);
            batches = options.gradientAccumulationSteps();
        }

        Run(TrainingOptions options, boolean graph) {
            this(options, graph, 1e-5, null);
        }

        /** The next step, at a learning rate of its own, with sequences of so many tokens. */
        void next(int length) {
            int number = found.size() / 2 + 1;
            List<Batch> all = IntStream.range(0, batches)
                    .mapToObj(i -> batch(10 * number + i, length))
                    .toList();
            TrainingStep.Result result = step.run(all, number, 0.1 / number);
            issues.add(result.issue());
            assertTrue(result.hostNanos() > 0);
            found.add(result.loss());
            found.add(result.gradNorm());
        }

        Map<String, ByteBuffer> bytes() {
            Map<String, Tensor> tensors = new TreeMap<>(step.optimizer().state());
            model.parameters().forEach(parameter -> tensors.putAll(parameter.tensors()));
            Map<String, ByteBuffer> bytes = new TreeMap<>();
            tensors.forEach((name, tensor) -> {
                ByteBuffer copy = ByteBuffer.allocateDirect((int) tensor.bytes());
                tensor.copyTo(copy);
                bytes.put(name, copy);
            });
            return bytes;
        }

        Parameter parameter(String name) {
            return model.parameters().stream()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }

        void evaluateAndGenerate(int length) {
            try (Tensor ids = device.tensor(batch(1, length).ids(), 2 * length);
                    Tensor logits = model.logits(ids, 2);
                    Decoder decoder = new Decoder(model, 12)) {
                assertEquals(VOCABULARY, logits.size(1));
                decoder.prefill(1, 2, 3);
                decoder.prefill(4);
            }
        }

        @Override
        public void close() {
            step.close();
            model.close();
            device.close();
        }
    }

    /** The same with and without a graph; with it, steps are issued as expected. */
    private static void same(TrainingOptions options, List<Issue> expected, BiConsumer<Run, Boolean> training) {
        try (Run with = new Run(options, true);
                Run without = new Run(options, false)) {
            training.accept(with, true);
            training.accept(without, false);
            assertEquals(expected, with.issues);
            assertTrue(without.issues.stream().allMatch(QUEUED::equals));
            assertEquals(without.found, with.found);
            equal(without.bytes(), with.bytes());
        }
    }

    private static void equal(Map<String, ByteBuffer> expected, Map<String, ByteBuffer> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, bytes) -> assertEquals(-1, bytes.mismatch(actual.get(name)), name));
    }

    @ParameterizedTest
    @CsvSource({"LOMO, BF16, 0.3, 1", "LOMO, FP8, 0, 1", "ADALOMO, BF16, 0, 1", "ADAMW, BF16, 1, 2"})
    void aGraphGivesTheSameBits(OptimizerKind kind, String precision, double maxGradNorm, int batches) {
        same(
                options(kind, PRECISIONS.get(precision), maxGradNorm, batches),
                List.of(QUEUED, GRAPH, GRAPH),
                (run, graph) -> IntStream.range(0, 3).forEach(i -> run.next(9)));
    }

    /** Evaluation before the step that is recorded leaves scales of the weights behind, which that step must not take for granted. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void otherLengthsEvaluationAndGenerationBetweenSteps(boolean keepOperands) {
        TrainingOptions options =
                options(OptimizerKind.LOMO, PRECISIONS.get("FP8"), 0, 1).with(o -> o.keepOperands = keepOperands);
        same(options, List.of(QUEUED, GRAPH, QUEUED, GRAPH, GRAPH), (run, graph) -> {
            run.next(9);
            run.evaluateAndGenerate(8);
            run.next(9);
            run.next(7);
            run.evaluateAndGenerate(9);
            run.next(7);
            run.next(9);
        });
    }

    /** Longer sequences move the inputs and the tables of positions, and with them what graphs read: they are recorded anew. */
    @Test
    void longerSequencesMoveWhatAGraphReads() {
        TrainingOptions options = options(OptimizerKind.LOMO, Precision.F32, 0, 1);
        same(options, List.of(QUEUED, GRAPH, QUEUED, GRAPH), (run, graph) -> {
            run.next(5);
            run.next(5);
            run.next(40);
            run.next(5);
        });
    }

    /** Of a step that is one operation, which counts. */
    @Test
    void theShapesUsedLastAreKnown() {
        int most = StepGraphs.MOST_SHAPES;
        try (Run run = new Run(options(OptimizerKind.LOMO, Precision.F32, 0, 1), true);
                StepInputs inputs = new StepInputs(run.device);
                StepGraphs graphs = new StepGraphs(run.model, true);
                Tensor count = run.device.empty(DType.F32, 1).fill(1)) {
            int[] runs = new int[1];
            Runnable step = () -> {
                runs[0]++;
                Elementwise.add(count, count, count);
            };
            IntPredicate launched = length -> graphs.run(inputs.load(List.of(batch(1, length))), step);
            int[] turns = {most + 1, most + 1};
            for (int turn : turns) {
                for (int length = most + turn; length > most; length--) {
                    assertFalse(launched.test(length));
                }
            }
            assertTrue(launched.test(most + 1));
            assertTrue(launched.test(most + 2));
            assertFalse(launched.test(2 * most + 1), "now the eldest goes");
            for (int length = most + 1; length < 2 * most; length++) {
                assertTrue(launched.test(length), "length " + length);
            }
            assertTrue(launched.test(most + 1));
            assertFalse(launched.test(2 * most));
            int steps = 3 * most + 6;
            assertEquals(steps - (most + 2) + most - 1, runs[0], "run, or recorded");
            assertArrayEquals(new float[] {(float) Math.pow(2, steps)}, count.toFloats());
        }
    }

    /** Tensors of others that lie where a graph has its own: neither is harmed. */
    @Test
    void memoryThatSomebodyElseTookBetweenSteps() {
        TrainingOptions options = options(OptimizerKind.LOMO, Precision.F32, 0, 1);
        List<Tensor> taken = new ArrayList<>();
        same(options, List.of(QUEUED, GRAPH, GRAPH, GRAPH), (run, graph) -> {
            IntStream.range(0, 2).forEach(i -> run.next(9));
            for (long count = 64; count < 1 << 12; count += 64) {
                taken.add(run.device.empty(DType.F32, count).fill(7));
            }
            IntStream.range(0, 2).forEach(i -> run.next(9));
            for (Tensor tensor : taken) {
                for (float value : tensor.toFloats()) {
                    assertEquals(7f, value);
                }
                tensor.close();
            }
            taken.clear();
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"LOMO", "ADAMW"})
    void aLossThatIsNotFiniteChangesNothing(OptimizerKind kind) {
        try (Run run = new Run(options(kind, Precision.F32, 0, 1), true)) {
            IntStream.range(0, 2).forEach(i -> run.next(9));
            Tensor norm = run.parameter("model.norm.weight").weight();
            float[] good = norm.toFloats();
            float[] bad = good.clone();
            bad[3] = Float.NaN;
            norm.copyFrom(bad);
            Map<String, ByteBuffer> before = run.bytes();
            String message =
                    assertThrows(TrainingException.class, () -> run.next(9)).getMessage();
            assertEquals(
                    "step 3: the loss is NaN; nothing has been changed in this step. Lower --learning-rate, or set"
                            + " --max-grad-norm",
                    message);
            equal(before, run.bytes());
            norm.copyFrom(good);
            run.next(9);
            assertEquals(List.of(QUEUED, GRAPH, GRAPH), run.issues);
            assertTrue(run.bytes().get("lm_head.weight").mismatch(before.get("lm_head.weight")) >= 0);
        }
    }

    /** A row of zeros in the embedding, whose gradient overflows where epsilon is that small: see FusedTrainingTest. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3})
    void aNormThatIsNotFinite(double maxGradNorm) {
        try (Run run = new Run(options(OptimizerKind.LOMO, Precision.F32, maxGradNorm, 1), true, 1e-30, null)) {
            IntStream.range(0, 2).forEach(i -> run.next(9));
            Tensor row = run.parameter("model.embed_tokens.weight").weight().rows(VOCABULARY - 1, VOCABULARY);
            row.fill(0);
            Batch batch = batch(77, 9);
            batch.ids()[8] = VOCABULARY - 1;
            Map<String, ByteBuffer> before = run.bytes();
            String message = assertThrows(TrainingException.class, () -> run.step.run(List.of(batch), 3, 0.1))
                    .getMessage();
            assertTrue(message.contains("step 3: the norm of the gradients is NaN; "), message);
            if (maxGradNorm == 0) {
                assertTrue(message.contains("these have changed: go back to the last checkpoint"), message);
            } else {
                assertTrue(message.contains("nothing has been changed"), message);
                equal(before, run.bytes());
            }
        }
    }

    /** One pass of a user's optimizer over each parameter, as LOMO does it. */
    private static Optimizer lomo() {
        return new Lomo(new UpdateOptions(0.1, false, 0, 11))::update;
    }

    @Test
    void anOptimizerThatDoesNotSayItCanIsNotRecorded() {
        TrainingOptions options = options(OptimizerKind.LOMO, Precision.F32, 0, 1);
        try (Run run = new Run(options, true, 1e-5, lomo())) {
            IntStream.range(0, 2).forEach(i -> run.next(9));
            assertEquals(List.of(QUEUED, QUEUED), run.issues);
            assertTrue(run.step.notice().isEmpty());
        }
    }

    @Test
    void whatCannotBeRecordedRunsAsItDidAndSaysWhy() {
        TrainingOptions options = options(OptimizerKind.LOMO, Precision.F32, 0, 1);
        Optimizer looks = new Optimizer() {
            private final Optimizer lomo = lomo();

            @Override
            public void update(Parameter parameter, Tensor gradient, StepControl control, Tensor sumSquares) {
                gradient.toFloats();
                lomo.update(parameter, gradient, control, sumSquares);
            }

            @Override
            public boolean isRecordable() {
                return true;
            }
        };
        try (Run run = new Run(options, true, 1e-5, looks);
                Run plain = new Run(options, false, 1e-5, lomo())) {
            IntStream.range(0, 3).forEach(i -> run.next(9));
            IntStream.range(0, 3).forEach(i -> plain.next(9));
            assertEquals(List.of(QUEUED, QUEUED, QUEUED), run.issues);
            assertEquals(
                    "training without a graph: cuda:0: a copy to the host cannot be recorded in a graph",
                    run.step.notice().orElseThrow());
            assertTrue(run.step.notice().isEmpty());
            equal(plain.bytes(), run.bytes());
        }
    }

    @Test
    void aRunThatGoesOnFromACheckpointEqualsOneThatWasNeverStopped() throws IOException {
        Path data = folder.resolve("data.jsonl");
        Files.write(
                data,
                IntStream.range(0, 12)
                        .mapToObj(i -> "{\"input_ids\":"
                                + Arrays.toString(Arrays.copyOf(batch(i, 9).ids(), 9)) + "}")
                        .toList());
        TrainingOptions options = options(OptimizerKind.ADALOMO, Precision.F32, 0, 1)
                .with(o -> {
                    o.steps = 5;
                    o.logSteps = 1;
                });
        Map<String, ByteBuffer> whole = train(options.with(o -> o.graph = false), data, null, -1);
        Path output = folder.resolve("run");
        train(options.with(o -> o.saveSteps = 3), data, RunFolder.create(output), 4);
        equal(whole, train(options, data, RunFolder.resume(output), -1));
        List<String> issues = new ArrayList<>();
        for (String line : Files.readAllLines(output.resolve("metrics.jsonl"))) {
            issues.add(new ObjectMapper().readTree(line).path("issue").asText());
        }
        assertEquals(List.of("queued", "graph", "graph", "queued", "graph"), issues);
    }

    private static Map<String, ByteBuffer> train(TrainingOptions options, Path data, RunFolder folder, int killAtStep) {
        DataOptions dataOptions = DataOptions.inOrder(List.of(data), 16);
        try (Run run = new Run(options, options.graph());
                Dataset dataset = Datasets.open(dataOptions, null, VOCABULARY, 64, -1, Progress.NONE)
                        .train();
                Trainer trainer = new Trainer(run.model, dataset, null, options, folder)) {
            TrainingListener killer = new TrainingListener() {
                @Override
                public void onStep(StepMetrics metrics, boolean logged) {
                    if (metrics.step() == killAtStep) {
                        throw new IllegalStateException("killed");
                    }
                }
            };
            if (killAtStep > 0) {
                assertThrows(IllegalStateException.class, () -> trainer.run(killer));
            } else {
                trainer.run(killer);
            }
            return run.bytes();
        }
    }
}
