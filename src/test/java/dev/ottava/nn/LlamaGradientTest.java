package dev.ottava.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.autograd.LossOperation;
import dev.ottava.autograd.Parameter;
import dev.ottava.autograd.ParameterGradients;
import dev.ottava.autograd.SavingPolicy;
import dev.ottava.autograd.Tape;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Scaling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The gradient of the whole model, and that the ways to compute it agree. */
class LlamaGradientTest {
    private static final int BATCH = 2;
    private static final int LENGTH = 19;
    private static final SavingPolicy RECOMPUTE = SavingPolicy.AS_COMPUTED.recomputed();

    /** A model with everything that can be there: grouped queries, biases of all kinds, and, on demand, tied embeddings. */
    private static LlamaConfig config(boolean tied) {
        return new LlamaConfig(
                "llama", 37, 48, 80, 2, 3, 1, 16, 64, 1e-5, new RopeConfig(100, null), tied, true, true, true, -1, -1);
    }

    private static LlamaModel model(Device device, boolean tied) {
        return model(device, tied, Precision.F32);
    }

    private static LlamaModel model(Device device, boolean tied, Precision precision) {
        LlamaModel model = LlamaModel.initialize(config(tied), device, precision, 3);
        // Weights ten times larger than a fresh model's, so that no gradient is lost in rounding; biases not zero.
        SplittableRandom random = new SplittableRandom(5);
        for (Parameter parameter : model.parameters()) {
            float[] values = parameter.weight().toFloats();
            for (int i = 0; i < values.length; i++) {
                values[i] += (float) (0.2 * random.nextGaussian());
            }
            parameter.weight().copyFrom(values);
        }
        return model;
    }

    private static int[] ids(long seed) {
        return new SplittableRandom(seed).ints((long) BATCH * LENGTH, 0, 37).toArray();
    }

    private static int[] targets() {
        int[] targets = ids(11);
        targets[3] = -1;
        targets[LENGTH + 7] = -1;
        return targets;
    }

    private static double loss(LlamaModel model) {
        try (Tensor ids = model.device().tensor(ids(7), BATCH * LENGTH);
                Tensor targets = model.device().tensor(targets(), BATCH * LENGTH);
                Tape tape = Tape.notRecording(model.device());
                LossOperation.Loss loss = model.loss(tape, ids, targets, BATCH, 1)) {
            return loss.sum();
        }
    }

    private static Map<String, float[]> gradients(LlamaModel model, SavingPolicy policy, boolean twice) {
        Map<String, float[]> gradients = new TreeMap<>();
        List<String> order = new ArrayList<>();
        Device device = model.device();
        try (Tensor ids = device.tensor(ids(7), BATCH * LENGTH);
                Tensor targets = device.tensor(targets(), BATCH * LENGTH);
                Tape tape = Tape.recording(device);
                LossOperation.Loss loss = model.loss(tape, ids, targets, BATCH, 1, layer -> policy)) {
            if (twice) {
                try (ParameterGradients first = ParameterGradients.consumedBy(device, (p, g) -> {})) {
                    loss.backward(first, true);
                }
            }
            try (ParameterGradients all = ParameterGradients.consumedBy(device, (p, g) -> {
                order.add(p.name());
                gradients.put(p.name(), g.toFloats());
            })) {
                loss.backward(all, false);
            }
        }
        assertEquals(model.parameters().size(), order.size(), "each parameter is handed over once");
        return gradients;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gradientIsThatOfCentralDifferences(boolean tied) {
        try (Device device = Device.open("cpu");
                LlamaModel model = model(device, tied)) {
            Map<String, float[]> gradients = gradients(model, SavingPolicy.AS_COMPUTED, false);
            SplittableRandom random = new SplittableRandom(23);
            for (Parameter parameter : model.parameters()) {
                float[] gradient = gradients.get(parameter.name());
                float[] weight = parameter.weight().toFloats();
                float[] direction = new float[weight.length];
                double expected = 0;
                double norm = 0;
                for (int i = 0; i < weight.length; i++) {
                    direction[i] = (float) random.nextGaussian();
                    // Half along the gradient: the derivative is then far from zero.
                    expected += direction[i] * gradient[i];
                    norm += gradient[i] * gradient[i];
                }
                double sign = expected < 0 ? -1 : 1;
                double along = sign * Math.sqrt(weight.length / Math.max(norm, 1e-30));
                expected = 0;
                for (int i = 0; i < weight.length; i++) {
                    direction[i] += (float) (along * gradient[i]);
                    expected += direction[i] * gradient[i];
                }
                double step = 2e-3 / Math.sqrt(weight.length) * 4;
                double measured = (lossAt(model, parameter, weight, direction, step)
                                - lossAt(model, parameter, weight, direction, -step))
                        / (2 * step);
                parameter.weight().copyFrom(weight);
                assertEquals(expected, measured, 2e-2 * Math.abs(expected) + 2e-2, parameter.name());
            }
        }
    }

    private static double lossAt(
            LlamaModel model, Parameter parameter, float[] weight, float[] direction, double step) {
        float[] moved = new float[weight.length];
        for (int i = 0; i < weight.length; i++) {
            moved[i] = (float) (weight[i] + step * direction[i]);
        }
        parameter.weight().copyFrom(moved);
        return loss(model);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void recomputationAndASecondPassGiveTheSameBits(boolean tied) {
        try (Device device = Device.open("cpu");
                LlamaModel model = model(device, tied)) {
            Map<String, float[]> plain = gradients(model, SavingPolicy.AS_COMPUTED, false);
            for (boolean recompute : new boolean[] {false, true}) {
                for (boolean twice : new boolean[] {false, true}) {
                    gradients(model, recompute ? RECOMPUTE : SavingPolicy.AS_COMPUTED, twice)
                            .forEach((name, gradient) -> assertArrayEquals(
                                    plain.get(name), gradient, name + " recompute " + recompute + " twice " + twice));
                }
            }
        }
    }

    /** Linear layers in FP8, the rest in F32: each gradient is near that of F32, and the ways to compute it give the same bits. */
    @ParameterizedTest
    @EnumSource(
            value = Scaling.class,
            names = {"PER_TENSOR", "BLOCKS_128"})
    void gradientsInFp8AreNearThoseOfF32(Scaling scaling) {
        try (Device device = Device.open("cpu");
                LlamaModel f32 = LlamaModel.initialize(config(false), device, Precision.F32, 3);
                LlamaModel fp8 = LlamaModel.initialize(config(false), device, new Precision(DType.F32, scaling), 3)) {
            Map<String, float[]> expected = gradients(f32, SavingPolicy.AS_COMPUTED, false);
            Map<String, float[]> plain = gradients(fp8, SavingPolicy.AS_COMPUTED, false);
            plain.forEach((name, gradient) -> {
                double error = distance(gradient, expected.get(name));
                assertTrue(error > 0 && error < 0.2, name + " is off by " + error + " of its norm");
            });
            gradients(fp8, RECOMPUTE, false).forEach((name, g) -> assertArrayEquals(plain.get(name), g, name));
            gradients(fp8, SavingPolicy.AS_COMPUTED, true)
                    .forEach((name, g) -> assertArrayEquals(plain.get(name), g, name));
        }
    }

    /** What is saved in FP8 costs little more than computing in FP8, and the ways to compute it give the same bits. */
    @ParameterizedTest
    @EnumSource(
            value = Scaling.class,
            names = {"PER_TENSOR", "BLOCKS_128"})
    void gradientsOfCoatAreNearThoseOfFp8(Scaling scaling) {
        try (Device device = Device.open("cpu");
                LlamaModel f32 = LlamaModel.initialize(config(false), device, Precision.F32, 3);
                LlamaModel fp8 = LlamaModel.initialize(config(false), device, new Precision(DType.F32, scaling), 3)) {
            Map<String, float[]> exact = gradients(f32, SavingPolicy.AS_COMPUTED, false);
            Map<String, float[]> computed = gradients(fp8, SavingPolicy.AS_COMPUTED, false);
            Map<String, float[]> coat = gradients(fp8, SavingPolicy.COAT, false);
            coat.forEach((name, gradient) -> {
                double error = distance(gradient, exact.get(name));
                double ofFp8 = distance(computed.get(name), exact.get(name));
                assertTrue(error > 0 && error < 0.03 + 1.5 * ofFp8, name + " is off by " + error + ", FP8 by " + ofFp8);
            });
            gradients(fp8, SavingPolicy.COAT.recomputed(), false)
                    .forEach((name, g) -> assertArrayEquals(coat.get(name), g, name));
            gradients(fp8, SavingPolicy.COAT, true).forEach((name, g) -> assertArrayEquals(coat.get(name), g, name));
        }
    }

    /** A weight that changes is quantised with new scales once the model is told. */
    @Test
    void changedWeightsHaveNewScales() {
        try (Device device = Device.open("cpu");
                LlamaModel model = model(device, false, new Precision(DType.F32, Scaling.BLOCKS_128));
                LlamaModel fresh = model(device, false, new Precision(DType.F32, Scaling.BLOCKS_128))) {
            double before = loss(model);
            for (LlamaModel each : List.of(model, fresh)) {
                for (Parameter parameter : each.parameters()) {
                    float[] weight = parameter.weight().toFloats();
                    for (int i = 0; i < weight.length; i++) {
                        weight[i] *= 3;
                    }
                    parameter.weight().copyFrom(weight);
                }
            }
            model.changed();
            assertTrue(loss(model) != before);
            assertEquals(loss(fresh), loss(model));
        }
    }

    private static double distance(float[] actual, float[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow(actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / norm);
    }

    @Test
    void keptGradientsAddUp() {
        try (Device device = Device.open("cpu");
                LlamaModel model = model(device, true);
                ParameterGradients kept = ParameterGradients.kept(device)) {
            Map<String, float[]> once = gradients(model, SavingPolicy.AS_COMPUTED, false);
            for (int i = 0; i < 2; i++) {
                try (Tensor ids = device.tensor(ids(7), BATCH * LENGTH);
                        Tensor targets = device.tensor(targets(), BATCH * LENGTH);
                        Tape tape = Tape.recording(device);
                        LossOperation.Loss loss = model.loss(tape, ids, targets, BATCH, 1)) {
                    loss.backward(kept, false);
                }
            }
            kept.forEach((parameter, gradient) -> {
                float[] expected = once.get(parameter.name());
                float[] actual = gradient.toFloats();
                double scale = 0;
                for (float value : expected) {
                    scale = Math.max(scale, Math.abs(value));
                }
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(2 * expected[i], actual[i], 1e-5 * scale, parameter.name());
                }
            });
        }
    }

    @Test
    void everythingIsFreedAfterAStep() {
        try (Device device = Device.open("cpu");
                LlamaModel model = model(device, false)) {
            loss(model);
            long before = device.memory().liveBytes();
            gradients(model, RECOMPUTE, true);
            assertEquals(before, device.memory().liveBytes());
            try (Tensor ids = device.tensor(ids(7), BATCH * LENGTH);
                    Tensor targets = device.tensor(targets(), BATCH * LENGTH);
                    Tape tape = Tape.recording(device);
                    LossOperation.Loss loss = model.loss(tape, ids, targets, BATCH, 1)) {
                assertTrue(loss.sum() > 0); // a tape that is closed without a backward pass
            }
            assertEquals(before, device.memory().liveBytes());
        }
    }
}
