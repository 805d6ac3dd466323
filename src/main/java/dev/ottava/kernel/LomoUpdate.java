package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** LOMO (Lv et al., 2023, arXiv 2306.09782): stochastic gradient descent without a state, in one pass over weight and gradient. */
public final class LomoUpdate {
    private LomoUpdate() {}

    /**
     * {@code weight = weight (1 - lr weightDecay) - lr c clamp(gradient)}, with learning rate lr and coefficient c of the control.
     *
     * @param weight F32 or BF16
     * @param gradient as many elements, F32 or BF16
     * @param maxValue clamp the gradient to [-maxValue, maxValue]; 0 for none
     * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came; may be null
     */
    public static void apply(
            StepControl control,
            Tensor weight,
            Tensor gradient,
            double weightDecay,
            double maxValue,
            Rounding rounding,
            Tensor sumSquares) {
        DType dtype = Check.floating("lomo_update", weight);
        Check.floating("lomo_update", gradient);
        Check.count("lomo_update", "gradient", gradient, weight.count());
        Status.check(Native.ottava_lomo_update(
                weight.device().stream(),
                control.address(),
                dtype.code(),
                weight.address(),
                gradient.dtype().code(),
                gradient.address(),
                weight.count(),
                weightDecay,
                maxValue,
                Check.flag(rounding.stochastic()),
                rounding.seed(),
                rounding.tensorIndex(),
                Check.address(sumSquares)));
    }

    /**
     * The same for an FP8 weight: {@code w = code · scale} is updated in F32, the scale of each 128×128 block is made anew from the new values, and so are the
     * codes, to nearest or stochastically (native/include/ottava/fused_lomo.h).
     *
     * @param weight [rows, columns], E4M3 in BLOCKS_128, Layout.CODES; codes and scales are both rewritten
     * @param gradient [rows, columns], F32 or BF16
     * @param powerOfTwoScales round the new scales up to powers of two
     */
    public static void apply(LomoRule rule, QuantizedMatrix weight, Tensor gradient, boolean powerOfTwoScales) {
        String operation = "lomo_update_fp8";
        LomoWeight target = LomoWeight.of(operation, weight, powerOfTwoScales);
        DType dtype = Check.floating(operation, gradient);
        Check.shape(operation, "gradient", gradient, weight.rows(), weight.columns());
        Check.device(operation, gradient, weight.scales());
        Status.check(Native.ottava_lomo_update_fp8(
                gradient.device().stream(),
                rule.control().address(),
                target.address(),
                target.pitch(),
                target.scales(),
                Check.flag(powerOfTwoScales),
                dtype.code(),
                gradient.address(),
                weight.rows(),
                weight.columns(),
                rule.weightDecay(),
                rule.maxValue(),
                Check.flag(rule.rounding().stochastic()),
                rule.rounding().seed(),
                rule.rounding().tensorIndex(),
                Check.address(rule.sumSquares())));
    }
}
