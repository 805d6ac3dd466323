package dev.ottava.bench;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.nn.LlamaModel;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Random weights for models of any size, made on the device: matrices get panels of normal numbers, drawn once for each width, each at a random place of them; norms
 * get 1, biases 0.
 */
public final class RandomWeights {
    private static final int PANEL = 128;

    private RandomWeights() {}

    /** Fills all weights of a model; nothing on the device that computes nothing. */
    public static void fill(LlamaModel model, SplittableRandom random) {
        if (model.device().isMeta()) {
            return;
        }
        Map<Long, Tensor> drawn = new HashMap<>();
        try {
            for (Parameter parameter : model.parameters()) {
                Tensor weight = parameter.weight();
                if (weight.rank() == 1) {
                    weight.fill(parameter.name().endsWith(".bias") ? 0 : 1);
                    continue;
                }
                long columns = weight.size(1);
                Tensor numbers = drawn.computeIfAbsent(columns, width -> normal(model.device(), width, random));
                for (long first = 0; first < weight.size(0); first += PANEL) {
                    int at = random.nextInt(PANEL);
                    parameter.set(first, numbers.rows(at, at + Math.min(PANEL, weight.size(0) - first)));
                }
            }
        } finally {
            drawn.values().forEach(Tensor::close);
        }
        model.changed();
    }

    private static Tensor normal(Device device, long columns, SplittableRandom random) {
        Tensor numbers = device.empty(DType.F32, 2 * PANEL, columns);
        float[] row = new float[(int) columns];
        for (int i = 0; i < 2 * PANEL; i++) {
            for (int j = 0; j < row.length; j++) {
                row[j] = (float) (0.02 * random.nextGaussian());
            }
            numbers.rows(i, i + 1).copyFrom(row);
        }
        return numbers;
    }
}
