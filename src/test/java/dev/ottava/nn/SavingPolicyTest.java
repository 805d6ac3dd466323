package dev.ottava.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.autograd.LossOperation;
import dev.ottava.autograd.ParameterGradients;
import dev.ottava.autograd.Saving;
import dev.ottava.autograd.SavingPolicy;
import dev.ottava.autograd.Tape;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Scaling;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Policies of what is saved: a user's own, one for each layer, and what each costs. */
class SavingPolicyTest {
    private static final int BATCH = 2;
    private static final int LENGTH = 32;

    private static LlamaConfig config(
            int vocabulary, int hidden, int intermediate, int layers, int heads, int keyValueHeads, boolean biases) {
        RopeConfig rope = new RopeConfig(10000, null);
        return new LlamaConfig(
                biases ? "qwen2" : "llama",
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                keyValueHeads,
                hidden / heads,
                4096,
                1e-5,
                rope,
                false,
                biases,
                false,
                false,
                -1,
                -1);
    }

    private static Map<String, float[]> gradients(LlamaModel model, IntFunction<SavingPolicy> saving) {
        Map<String, float[]> gradients = new TreeMap<>();
        Device device = model.device();
        int[] ids =
                new java.util.SplittableRandom(7).ints(BATCH * LENGTH, 0, 40).toArray();
        try (Tensor input = device.tensor(ids, ids.length);
                Tensor targets = device.tensor(ids, ids.length);
                Tape tape = Tape.recording(device);
                LossOperation.Loss loss = model.loss(tape, input, targets, BATCH, 1, saving);
                ParameterGradients all = ParameterGradients.consumedBy(
                        device, (parameter, gradient) -> gradients.put(parameter.name(), gradient.toFloats()))) {
            loss.backward(all, false);
        }
        return gradients;
    }

    /** What research code writes: tensors wait in the heap of Java, and come back with the bits they had. */
    @Test
    void aFormOfTheUsersOwnSavesNothingOnTheDevice() {
        AtomicInteger waiting = new AtomicInteger();
        Saving onHost = x -> {
            Tensor value = x.value();
            float[] copy = value.toFloats();
            waiting.incrementAndGet();
            return new Saving.Saved() {
                @Override
                public Tensor restore() {
                    return value.device().empty(value.dtype(), value.shape()).copyFrom(copy);
                }

                @Override
                public void close() {
                    waiting.decrementAndGet();
                }
            };
        };
        SavingPolicy policy = new SavingPolicy(onHost, onHost, onHost, onHost, false);
        try (Device device = Device.open("cpu");
                LlamaModel model =
                        LlamaModel.initialize(config(40, 64, 96, 3, 4, 2, false), device, Precision.F32, 1)) {
            Map<String, float[]> expected = gradients(model, layer -> SavingPolicy.AS_COMPUTED);
            Map<String, float[]> actual = gradients(model, layer -> policy);
            expected.forEach((name, gradient) -> assertArrayEquals(gradient, actual.get(name), name));
            assertEquals(0, waiting.get(), "what was saved is freed");
            // What stays on the device is 1/rms of two norms, and the logarithm of each row's sum in attention.
            long perLayer = model.savedBytes(BATCH, LENGTH, layer -> policy) / 3;
            assertTrue(perLayer <= (2 + 4) * 4 * BATCH * LENGTH * 9 / 8, perLayer + " bytes");
        }
    }

    @Test
    void layersMayDiffer() {
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(
                        config(40, 64, 96, 4, 4, 2, true), device, Precision.fp8(Scaling.BLOCKS_128), 1)) {
            Map<String, float[]> uniform = gradients(model, layer -> SavingPolicy.COAT);
            SavingPolicy[] mixed = {
                SavingPolicy.COAT,
                SavingPolicy.COAT.recomputed(),
                new SavingPolicy(Saving.FP8, Saving.AS_COMPUTED, Saving.FP8, Saving.AS_COMPUTED, false),
                SavingPolicy.COAT.recomputed()
            };
            // Recomputation and saving the operands change memory and no bit.
            gradients(model, layer -> mixed[layer])
                    .forEach((name, gradient) -> assertArrayEquals(uniform.get(name), gradient, name));
            gradients(model, layer -> layer % 2 == 0 ? SavingPolicy.AS_COMPUTED : SavingPolicy.COAT);
            long first = device.memory().liveBytes();
            gradients(model, layer -> mixed[layer]);
            assertEquals(first, device.memory().liveBytes(), "everything is freed after a step");
        }
    }

    /** Saved bytes of a block in units of tokens x hidden x 2 bytes, as the allocator counts them, which rounds sizes up by at most an eighth. */
    @ParameterizedTest
    @CsvSource({
        "llama-2-7b, bf16, as computed, 16.27",
        "llama-2-7b, fp8, as computed, 14.39",
        "llama-2-7b, fp8, coat, 8.24",
        "llama-2-7b, fp8, recompute, 1.00",
        "qwen2.5-7b, bf16, as computed, 23.45",
        "qwen2.5-7b, fp8, as computed, 20.09",
        "qwen2.5-7b, fp8, coat, 9.86",
    })
    void savedBytesOfABlock(String shape, String precision, String policy, double units) {
        LlamaConfig config = shape.startsWith("llama")
                ? config(32000, 4096, 11008, 3, 32, 32, false)
                : config(152064, 3584, 18944, 3, 28, 4, true);
        SavingPolicy saving = switch (policy) {
            case "coat" -> SavingPolicy.COAT;
            case "recompute" -> SavingPolicy.COAT.recomputed();
            default -> SavingPolicy.AS_COMPUTED;
        };
        try (Device meta = Device.open("meta");
                LlamaModel model = LlamaModel.empty(
                        config, meta, precision.equals("fp8") ? Precision.fp8(Scaling.BLOCKS_128) : Precision.BF16)) {
            int batch = 4;
            int length = 2048;
            long bytes = model.savedBytes(batch, length, layer -> saving) / 3;
            assertEquals(units, bytes / (2.0 * batch * length * config.hiddenSize()), 0.005, shape);
        }
    }
}
