package dev.ottava.nn;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import java.util.SplittableRandom;

/**
 * Random weights for training from scratch, as Llama's are: matrices normal with standard deviation 0.02, those that write into the residual stream divided by
 * √(2 · layers) (Radford et al., 2019); norms 1; biases 0. Every tensor draws from a generator of its own, so that it depends on its name's place alone.
 */
final class Initialization {
    private static final double STANDARD_DEVIATION = 0.02;
    private static final long PANEL = 128;

    private Initialization() {}

    static void apply(LlamaModel model, long seed) {
        double residual = STANDARD_DEVIATION / Math.sqrt(2.0 * model.config().numHiddenLayers());
        for (Parameter parameter : model.parameters()) {
            String name = parameter.name();
            if (name.endsWith("norm.weight")) {
                parameter.weight().fill(1);
            } else if (name.endsWith(".bias")) {
                parameter.weight().fill(0);
            } else {
                boolean writesResidual = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
                normal(parameter, writesResidual ? residual : STANDARD_DEVIATION, seed);
            }
        }
    }

    private static void normal(Parameter parameter, double deviation, long seed) {
        Tensor weight = parameter.weight();
        if (weight.device().isMeta()) {
            return;
        }
        SplittableRandom random = new SplittableRandom(seed * 1_000_003L + parameter.index());
        float[] row = new float[(int) weight.size(1)];
        try (Tensor panel = weight.device().empty(DType.F32, Math.min(PANEL, weight.size(0)), row.length)) {
            for (long first = 0; first < weight.size(0); first += PANEL) {
                long count = Math.min(PANEL, weight.size(0) - first);
                for (long i = 0; i < count; i++) {
                    for (int j = 0; j < row.length; j++) {
                        row[j] = (float) (random.nextGaussian() * deviation);
                    }
                    panel.rows(i, i + 1).copyFrom(row);
                }
                parameter.set(first, panel.rows(0, count));
            }
        }
    }
}
