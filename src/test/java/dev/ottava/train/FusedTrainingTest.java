package dev.ottava.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.MemoryStatistics;
import dev.ottava.core.Tensor;
import dev.ottava.data.Batch;
import dev.ottava.kernel.Scaling;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.LlamaParameters;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import dev.ottava.nn.WeightFormat;
import dev.ottava.optim.Lomo;
import dev.ottava.optim.Optimizer;
import dev.ottava.optim.UpdateOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A step whose gradients are never in memory, against the same step with gradients. */
class FusedTrainingTest {
    private static final int VOCABULARY = 150;
    private static final int LENGTH = 17;
    private static final UpdateOptions UPDATE = new UpdateOptions(0.1, true, 0.5, 11);
    private static final Precision FP8 = Precision.fp8(Scaling.BLOCKS_128);
    private static final Map<String, Precision> PRECISIONS = Map.of(
            "F32", Precision.F32,
            "BF16", Precision.BF16,
            "FP8", FP8,
            "BF16 of F32", new Precision(DType.BF16, null, WeightFormat.F32),
            "F32 of BF16", new Precision(DType.F32, null, WeightFormat.BF16),
            "FP8 of FP8", new Precision(DType.BF16, Scaling.BLOCKS_128, WeightFormat.FP8),
            "BF16 of FP8", new Precision(DType.BF16, null, WeightFormat.FP8));

    private static LlamaConfig config(boolean tied, double epsilon) {
        RopeConfig rope = new RopeConfig(100, null);
        return new LlamaConfig(
                "llama", VOCABULARY, 48, 80, 2, 3, 1, 16, 64, epsilon, rope, tied, true, true, true, -1, -1);
    }

    private static Batch batch(int step) {
        SplittableRandom random = new SplittableRandom(step);
        int[] ids = random.ints(2 * LENGTH, 0, VOCABULARY - 1).toArray();
        int[] targets = random.ints(2 * LENGTH, 0, VOCABULARY).toArray();
        targets[5] = -1;
        return new Batch(2, LENGTH, ids, targets, targets.length - 1, ids.length);
    }

    private static TrainingOptions options(OptimizerKind kind, Precision precision, double maxGradNorm) {
        return TrainingOptions.defaults(kind, 3).with(o -> {
            o.precision = precision;
            o.maxGradNorm = maxGradNorm;
            o.weightDecay = 0.1;
            o.noDecay1d = true;
            o.maxGradValue = 0.5;
            o.seed = 11;
        });
    }

    private record Outcome(Map<String, float[]> weights, List<Double> norms) {}

    private static Outcome train(boolean tied, Precision precision, double maxGradNorm, Optimizer optimizer) {
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(config(tied, 1e-5), device, precision, 3);
                TrainingStep step =
                        new TrainingStep(model, options(OptimizerKind.LOMO, precision, maxGradNorm), optimizer)) {
            List<Double> norms = List.of(1, 2, 3).stream()
                    .map(i -> step.run(List.of(batch(i)), i, 0.1).gradNorm())
                    .toList();
            Map<String, float[]> weights = new TreeMap<>();
            for (Parameter parameter : model.parameters()) {
                parameter.tensors().forEach((name, tensor) -> weights.put(name, tensor.toFloats()));
            }
            return new Outcome(weights, norms);
        }
    }

    /** Every product is the same here, as no weight has more rows than one panel of it, so that the bits are. */
    @ParameterizedTest
    @CsvSource({
        "F32, false",
        "BF16, false",
        "FP8, false",
        "F32, true",
        "BF16, true",
        "BF16 of F32, false",
        "F32 of BF16, false",
        "FP8 of FP8, false",
        "BF16 of FP8, false"
    })
    void fusedAndUnfusedGiveTheSameBits(String precision, boolean tied) {
        Outcome fused = train(tied, PRECISIONS.get(precision), 0, new Lomo(UPDATE));
        Outcome plain = train(tied, PRECISIONS.get(precision), 0, new Lomo(UPDATE)::update);
        plain.weights.forEach((name, weight) -> assertArrayEquals(weight, fused.weights.get(name), name));
        for (int i = 0; i < 3; i++) {
            assertEquals(plain.norms.get(i), fused.norms.get(i), 1e-5 * plain.norms.get(i));
        }
    }

    /** The norm is summed in another order, so that the coefficient may differ in its last bits; in BF16 that turns a rounding here and there. */
    @ParameterizedTest
    @CsvSource({"F32, false, 1e-6", "F32, true, 1e-6", "BF16, false, 1e-2", "FP8, false, 1e-2"})
    void fusedAndUnfusedAreCloseWithClipping(String precision, boolean tied, float tolerance) {
        Outcome fused = train(tied, PRECISIONS.get(precision), 0.3, new Lomo(UPDATE));
        Outcome plain = train(tied, PRECISIONS.get(precision), 0.3, new Lomo(UPDATE)::update);
        plain.weights.forEach((name, weight) -> assertArrayEquals(weight, fused.weights.get(name), tolerance, name));
        assertTrue(plain.norms.get(0) > 0.3, "clipped");
        for (int i = 0; i < 3; i++) {
            assertEquals(plain.norms.get(i), fused.norms.get(i), Math.max(1e-5, tolerance) * plain.norms.get(i));
        }
    }

    /** LOMO has in memory no gradient but those of vectors; AdaLomo one of a matrix at a time, the largest, in either pass. */
    @ParameterizedTest
    @CsvSource({"LOMO, 0", "LOMO, 0.3", "ADALOMO, 0", "ADALOMO, 0.3"})
    void gradientsInMemory(OptimizerKind kind, double maxGradNorm) {
        TrainingOptions options = options(kind, Precision.F32, maxGradNorm);
        MemoryStatistics plan = Trainer.plan(config(false, 1e-5), options, LENGTH);
        try (Device meta = Device.open("meta")) {
            List<Tensor> gradients = new ArrayList<>();
            LlamaParameters.shapes(config(false, 1e-5)).values().stream()
                    .filter(shape -> shape.length == 1)
                    .forEach(shape -> gradients.add(gradient(meta, shape)));
            if (kind == OptimizerKind.ADALOMO) {
                gradients.add(gradient(meta, VOCABULARY, 48));
            }
            assertEquals(
                    meta.memory().live().get(MemoryPurpose.GRADIENTS),
                    plan.peakByPurpose().get(MemoryPurpose.GRADIENTS));
            gradients.forEach(Tensor::close);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "LOMO, BF16, true, 0",
        "LOMO, F32, true, 0.3",
        "LOMO, FP8, false, 0.3",
        "LOMO, FP8 of FP8, false, 0",
        "LOMO, BF16 of F32, false, 0.3",
        "ADALOMO, BF16, true, 0.3",
        "ADALOMO, F32, false, 0.3",
        "ADAMW, BF16, true, 0"
    })
    void thePlanIsWhatTheAllocatorSees(OptimizerKind kind, String precision, boolean tied, double maxGradNorm) {
        TrainingOptions options =
                options(kind, PRECISIONS.get(precision), maxGradNorm).with(o -> o.batchSize = 2);
        MemoryStatistics plan = Trainer.plan(config(tied, 1e-5), options, LENGTH);
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.empty(config(tied, 1e-5), device, options.precision())) {
            for (Parameter parameter : model.parameters()) { // zeros, which need no workspace
                parameter.tensors().values().forEach(t -> t.copyFrom(ByteBuffer.allocateDirect((int) t.bytes())));
            }
            try (TrainingStep step = new TrainingStep(model, options)) {
                step.run(List.of(batch(1)), 1, 0.1);
                step.run(List.of(batch(2)), 2, 0.1);
            }
            assertEquals(plan.peakByPurpose(), device.memory().peakByPurpose());
            assertEquals(plan.peakBytes(), device.memory().peakBytes());
        }
    }

    private static Tensor gradient(Device device, long... shape) {
        return device.arena(MemoryPurpose.GRADIENTS).empty(DType.F32, shape);
    }

    /**
     * The gradient of the embedding alone, the last of the backward pass, is NaN: a row of zeros has the inverse root mean square 1e15, whose cube overflows. The
     * first pass finds it, and every weight keeps its bits.
     */
    @ParameterizedTest
    @CsvSource({"LOMO, F32", "LOMO, BF16", "LOMO, FP8", "LOMO, FP8 of FP8", "ADALOMO, F32", "ADAMW, F32", "ADAMW, BF16"
    })
    void nanInTheLastGradientChangesNothing(OptimizerKind kind, String name) {
        Precision precision = PRECISIONS.get(name);
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(config(false, 1e-30), device, precision, 3);
                TrainingStep step = new TrainingStep(model, options(kind, precision, 0.3))) {
            step.run(List.of(batch(1)), 1, 0.1);
            Batch batch = withNan(model);
            Map<String, ByteBuffer> before = bytes(model, step);
            String message = assertThrows(TrainingException.class, () -> step.run(List.of(batch), 2, 0.1))
                    .getMessage();
            assertTrue(message.contains("norm of the gradients is NaN; nothing has been changed"), message);
            Map<String, ByteBuffer> after = bytes(model, step);
            assertEquals(before.keySet(), after.keySet());
            before.forEach((key, value) -> assertEquals(-1, value.mismatch(after.get(key)), key));
            batch.ids()[LENGTH - 1] = 0; // and without it the step goes on
            step.run(List.of(batch), 2, 0.1);
            String head = "lm_head.weight";
            assertTrue(bytes(model, step).get(head).mismatch(before.get(head)) >= 0, head);
        }
    }

    /** The step goes on to its end, and every update reads that it must not write; in one pass too. */
    @ParameterizedTest
    @CsvSource({
        "LOMO, F32, 0",
        "LOMO, BF16, 0",
        "LOMO, FP8, 0",
        "LOMO, FP8 of FP8, 0",
        "LOMO, FP8 of FP8, 0.3",
        "ADALOMO, BF16, 0",
        "ADALOMO, F32, 0.3",
        "ADAMW, FP8, 0"
    })
    void aLossThatIsNotFiniteChangesNothing(OptimizerKind kind, String precision, double maxGradNorm) {
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(config(false, 1e-5), device, PRECISIONS.get(precision), 3);
                TrainingStep step = new TrainingStep(model, options(kind, PRECISIONS.get(precision), maxGradNorm))) {
            step.run(List.of(batch(1)), 1, 0.1);
            Tensor norm = model.parameters().stream()
                    .filter(p -> p.name().equals("model.norm.weight"))
                    .findFirst()
                    .orElseThrow()
                    .weight();
            float[] good = norm.toFloats();
            float[] bad = good.clone();
            bad[7] = Float.NaN;
            norm.copyFrom(bad);
            Map<String, ByteBuffer> before = bytes(model, step);
            String message = assertThrows(TrainingException.class, () -> step.run(List.of(batch(2)), 2, 0.1))
                    .getMessage();
            assertTrue(message.startsWith("step 2: the loss is NaN; nothing has been changed in this step."), message);
            Map<String, ByteBuffer> after = bytes(model, step);
            before.forEach((key, value) -> assertEquals(-1, value.mismatch(after.get(key)), key));
            norm.copyFrom(good);
            step.run(List.of(batch(2)), 2, 0.1);
        }
    }

    private static Batch withNan(LlamaModel model) {
        Batch batch = batch(2);
        model.parameters().stream()
                .filter(p -> p.name().equals("model.embed_tokens.weight"))
                .forEach(p -> p.weight().rows(VOCABULARY - 1, VOCABULARY).fill(0));
        batch.ids()[LENGTH - 1] = VOCABULARY - 1;
        return batch;
    }

    /** One pass finds it too late, and says so. */
    @Test
    void nanInOnePassAsksForTheLastCheckpoint() {
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(config(false, 1e-30), device, Precision.F32, 3);
                TrainingStep step = new TrainingStep(model, options(OptimizerKind.LOMO, Precision.F32, 0))) {
            Batch batch = withNan(model);
            String message = assertThrows(TrainingException.class, () -> step.run(List.of(batch), 1, 0.1))
                    .getMessage();
            assertTrue(message.contains("norm of the gradients is NaN"), message);
            assertTrue(message.contains("these have changed: go back to the last checkpoint"), message);
        }
    }

    private static Map<String, ByteBuffer> bytes(LlamaModel model, TrainingStep step) {
        Map<String, Tensor> tensors = new TreeMap<>(step.optimizer().state());
        for (Parameter parameter : model.parameters()) {
            tensors.putAll(parameter.tensors());
        }
        Map<String, ByteBuffer> bytes = new TreeMap<>();
        tensors.forEach((name, tensor) -> {
            ByteBuffer copy = ByteBuffer.allocateDirect((int) tensor.bytes());
            tensor.copyTo(copy);
            bytes.put(name, copy);
        });
        return bytes;
    }
}
