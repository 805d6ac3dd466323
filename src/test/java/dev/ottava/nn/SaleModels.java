package dev.ottava.nn;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import java.util.SplittableRandom;

/** A small model whose heads attend to what is near, each of a layer more than the one before: SALE finds blocks to leave out. */
public final class SaleModels {
    private static final int HEAD_DIM = 64;
    /** Of bytes, as the tokenizer of presets has them. */
    public static final LlamaConfig CONFIG = new LlamaConfig(
            "qwen2",
            260,
            256,
            64,
            2,
            4,
            2,
            HEAD_DIM,
            1024,
            1e-6,
            new RopeConfig(10000, null),
            true,
            true,
            false,
            false,
            -1,
            -1);

    private SaleModels() {}

    static int[] prompt(int length) {
        return new SplittableRandom(3).ints(length, 0, CONFIG.vocabSize()).toArray();
    }

    /**
     * The model. Biases in the channels that rotate fast give a query and a key at the same position a score of about 6 in the last head; the other part of scores
     * is random.
     */
    public static LlamaModel model(Device device, DType dtype) {
        LlamaModel model = LlamaModel.initialize(CONFIG, device, Precision.of(dtype), 9);
        SplittableRandom random = new SplittableRandom(4);
        model.parameters().stream()
                .filter(parameter -> parameter.name().matches(".*(q_proj|k_proj).*"))
                .forEach(parameter -> {
                    float[] values = new float[(int) parameter.weight().count()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] =
                                parameter.name().endsWith("bias") ? bias(i) : (float) (0.03 * random.nextGaussian());
                    }
                    parameter.weight().copyFrom(values);
                });
        model.changed();
        return model;
    }

    private static float bias(int i) {
        int frequency = i % (HEAD_DIM / 2);
        int head = i / HEAD_DIM;
        return frequency < HEAD_DIM / 4 ? 0.9f + 0.4f * head : 0;
    }
}
