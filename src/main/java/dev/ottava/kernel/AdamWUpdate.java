package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** AdamW (Loshchilov and Hutter, 2019): decoupled weight decay, both moments in F32. */
public final class AdamWUpdate {
    private AdamWUpdate() {}

    /**
     * One step. The formula stands in {@code ottava/optimizer.h}.
     *
     * @param weight F32 or BF16
     * @param lowBits I16, as many elements, for BF16 weights: {@code (weight bits << 16) + lowBits} are the bits of the exact F32 weight; null for F32
     * @param gradient F32, as many elements
     * @param firstMoment F32: state, zero before the first step
     * @param secondMoment F32: state, zero before the first step
     * @param maxValue clamp the gradient to [-maxValue, maxValue]; 0 for none
     * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came; may be null
     */
    public static void apply(
            StepControl control,
            Tensor weight,
            Tensor lowBits,
            Tensor gradient,
            Tensor firstMoment,
            Tensor secondMoment,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            double maxValue,
            Tensor sumSquares) {
        DType dtype = Check.floating("adamw_update", weight);
        Check.that(
                (lowBits != null) == (dtype == DType.BF16),
                "adamw_update",
                "low bits go with BF16 weights and with no other; weight is " + weight);
        if (lowBits != null) {
            Check.dtype("adamw_update", "lowBits", lowBits, DType.I16);
            Check.count("adamw_update", "lowBits", lowBits, weight.count());
        }
        Check.dtype("adamw_update", "gradient", gradient, DType.F32);
        Check.count("adamw_update", "gradient", gradient, weight.count());
        Check.dtype("adamw_update", "firstMoment", firstMoment, DType.F32);
        Check.count("adamw_update", "firstMoment", firstMoment, weight.count());
        Check.dtype("adamw_update", "secondMoment", secondMoment, DType.F32);
        Check.count("adamw_update", "secondMoment", secondMoment, weight.count());
        Status.check(Native.ottava_adamw_update(
                weight.device().stream(),
                control.address(),
                dtype.code(),
                weight.address(),
                Check.address(lowBits),
                gradient.address(),
                firstMoment.address(),
                secondMoment.address(),
                weight.count(),
                beta1,
                beta2,
                epsilon,
                weightDecay,
                maxValue,
                Check.address(sumSquares)));
    }
}
