package dev.ottava.nn;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.kernel.Sale;
import java.util.Arrays;
import java.util.List;

/**
 * What a prompt that attends by SALE (arXiv 2505.24179) keeps: blocks of scores with an estimate above tau times what sink and local keys sum up to, where
 * tau is a number for each head. {@link SaleCalibrator} finds them for a model.
 */
public final class SaleThresholds {
    /** Below it a head is dense. */
    public static final double DENSE_BELOW = 1e-5;

    private static final List<Integer> ROW_STEPS = List.of(1, 2, 4, 8);

    private final Sale.Selection selection;
    private final float[][] tau;

    /**
     * Checks and copies.
     *
     * @param tau [layers][heads], from 0, which is dense, to 1
     */
    public SaleThresholds(Sale.Selection selection, float[][] tau) {
        if (!ROW_STEPS.contains(selection.rowStep())) {
            throw new InvalidArgumentException(
                    "row step " + selection.rowStep() + ": SALE estimates every query, or" + " every 2nd, 4th or 8th");
        }
        if (selection.localKeys() < 1) {
            throw new InvalidArgumentException("local keys " + selection.localKeys() + ": a whole number from 1");
        }
        for (int layer = 0; layer < tau.length; layer++) {
            if (tau[layer].length != tau[0].length) {
                throw new InvalidArgumentException("tau has " + tau[0].length + " heads in layer 0 and "
                        + tau[layer].length + " in layer " + layer);
            }
            for (int head = 0; head < tau[layer].length; head++) {
                if (!(tau[layer][head] >= 0 && tau[layer][head] <= 1)) {
                    throw new InvalidArgumentException("tau of layer " + layer + ", head " + head + " is "
                            + tau[layer][head] + ": a number from 0 to 1");
                }
            }
        }
        this.selection = selection;
        this.tau = copy(tau);
    }

    /** One tau for all heads of a model. */
    public static SaleThresholds uniform(LlamaConfig config, Sale.Selection selection, double tau) {
        float[][] all = new float[config.numHiddenLayers()][config.numAttentionHeads()];
        for (float[] layer : all) {
            Arrays.fill(layer, (float) tau);
        }
        return new SaleThresholds(selection, all);
    }

    public Sale.Selection selection() {
        return selection;
    }

    /** A copy, [layers][heads]. */
    public float[][] tau() {
        return copy(tau);
    }

    /** Refuses a model that they do not fit, or that SALE cannot run. */
    public void check(LlamaConfig config) {
        checkHeadDim(config);
        int heads = tau.length == 0 ? 0 : tau[0].length;
        if (tau.length != config.numHiddenLayers() || heads != config.numAttentionHeads()) {
            throw new InvalidArgumentException("the thresholds are of " + tau.length + " layers of " + heads
                    + " heads, and the model has " + config.numHiddenLayers() + " of " + config.numAttentionHeads()
                    + ": calibrate this model");
        }
    }

    private static void checkHeadDim(LlamaConfig config) {
        if (config.headDim() != 64 && config.headDim() != 128) {
            throw new InvalidArgumentException("SALE takes head sizes 64 and 128, and the model's is "
                    + config.headDim() + " (head_dim): attention has to stay dense");
        }
    }

    /** Refuses a model that SALE cannot run where it is, whatever the thresholds. */
    static void checkRuns(LlamaModel model) {
        checkHeadDim(model.config());
        Device device = model.device();
        if (model.dtype() == DType.F32 && !device.isMeta() && !device.name().equals("cpu")) {
            throw new InvalidArgumentException("SALE computes in BF16 on " + device
                    + ", and the model in F32: load it in BF16 (--precision bf16), or on cpu");
        }
    }

    private static float[][] copy(float[][] rows) {
        return Arrays.stream(rows).map(float[]::clone).toArray(float[][]::new);
    }
}
