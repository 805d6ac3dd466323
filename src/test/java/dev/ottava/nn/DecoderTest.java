package dev.ottava.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DecoderTest {
    private static final LlamaConfig CONFIG = new LlamaConfig(
            "qwen2", 50, 64, 96, 2, 4, 2, 16, 40, 1e-6, new RopeConfig(1000, null), true, true, false, false, -1, -1);

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void prefillAndDecodingEqualTheFullForwardPass(DType dtype) {
        int[] ids = new SplittableRandom(1).ints(29, 0, CONFIG.vocabSize()).toArray();
        double tolerance = dtype == DType.F32 ? 2e-5 : 3e-2;
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(CONFIG, device, Precision.of(dtype), 9);
                Tensor idTensor = device.tensor(ids, ids.length);
                Tensor full = model.logits(idTensor, 1);
                Decoder decoder = new Decoder(model, 30)) {
            float[] expected = full.toFloats();
            int prompt = 11;
            compare(expected, prompt - 1, decoder.prefill(Arrays.copyOf(ids, prompt)), tolerance);
            for (int i = prompt; i < 20; i++) {
                compare(expected, i, decoder.next(ids[i]), tolerance);
            }
            // A second piece of a prompt, on top of what is in the cache.
            compare(expected, 28, decoder.prefill(Arrays.copyOfRange(ids, 20, 29)), tolerance);
            assertEquals(29, decoder.length());
            decoder.next(0);
            String full30 = assertThrows(InvalidArgumentException.class, () -> decoder.next(0))
                    .getMessage();
            assertTrue(full30.contains("31 tokens do not fit the cache of 30"), full30);
        }
    }

    private static void compare(float[] all, int position, float[] logits, double tolerance) {
        assertEquals(CONFIG.vocabSize(), logits.length);
        for (int i = 0; i < logits.length; i++) {
            assertEquals(all[position * logits.length + i], logits[i], tolerance, "position " + position);
        }
    }
}
