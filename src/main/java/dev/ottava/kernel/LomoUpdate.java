package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import java.util.List;

/** LOMO (Lv et al., 2023, arXiv 2306.09782): stochastic gradient descent without a state, in one pass over weight and gradient. */
public final class LomoUpdate {
    private LomoUpdate() {}

    /**
     * A tensor to update.
     *
     * @param weight F32 or BF16
     * @param gradient as many elements, F32 or BF16
     * @param weightDecay decoupled
     * @param rounding of a BF16 weight
     * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came; may be null
     */
    public record Target(Tensor weight, Tensor gradient, double weightDecay, Rounding rounding, Tensor sumSquares)
            implements UpdateTable.Target {}

    /**
     * {@code weight = weight (1 - lr weightDecay) - lr c clamp(gradient)}, with learning rate lr and coefficient c of the control, for many tensors in as few
     * launches as they fit into.
     *
     * @param targets weights of one dtype, gradients of one dtype, all rounded with one seed
     * @param maxValue clamp the gradients to [-maxValue, maxValue]; 0 for none
     */
    public static void apply(StepControl control, List<Target> targets, double maxValue) {
        UpdateTable table = new UpdateTable("lomo_update", targets);
        targets.forEach(table::add);
        Status.check(Native.ottava_lomo_update(
                table.stream(),
                control.address(),
                table.weightDType(),
                table.gradientDType(),
                table.words(),
                table.count(),
                maxValue,
                table.stochastic(),
                table.seed()));
    }

    /** The same for one tensor. */
    public static void apply(
            StepControl control,
            Tensor weight,
            Tensor gradient,
            double weightDecay,
            double maxValue,
            Rounding rounding,
            Tensor sumSquares) {
        apply(control, List.of(new Target(weight, gradient, weightDecay, rounding, sumSquares)), maxValue);
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
