package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** AdaLomo (Lv et al., 2023, arXiv 2310.10195; the rule of its published code): a factored second moment and a step relative to the weight. */
public final class AdaLomoUpdate {
    private AdaLomoUpdate() {}

    /**
     * Updates a matrix. The formula stands in {@code ottava/optimizer.h}.
     *
     * @param weight [rows, columns], F32 or BF16
     * @param gradient [rows, columns], F32
     * @param row [rows], F32: state, zero before the first step
     * @param column [columns], F32: state, zero before the first step
     * @param maxValue clamp the gradient to [-maxValue, maxValue]; 0 for none
     * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came; may be null
     */
    public static void applyToMatrix(
            StepControl control,
            Tensor weight,
            Tensor gradient,
            Tensor row,
            Tensor column,
            double weightDecay,
            double maxValue,
            Rounding rounding,
            Tensor sumSquares) {
        DType dtype = Check.floating("adalomo_update", weight);
        Check.that(weight.rank() == 2, "adalomo_update", "weight is " + weight + ", not a matrix");
        Check.dtype("adalomo_update", "gradient", gradient, DType.F32);
        Check.count("adalomo_update", "gradient", gradient, weight.count());
        Check.dtype("adalomo_update", "row", row, DType.F32);
        Check.count("adalomo_update", "row", row, weight.size(0));
        Check.dtype("adalomo_update", "column", column, DType.F32);
        Check.count("adalomo_update", "column", column, weight.size(1));
        Status.check(Native.ottava_adalomo_update_matrix(
                weight.device().stream(),
                control.address(),
                dtype.code(),
                weight.address(),
                gradient.address(),
                row.address(),
                column.address(),
                weight.size(0),
                weight.size(1),
                weightDecay,
                maxValue,
                Check.flag(rounding.stochastic()),
                rounding.seed(),
                rounding.tensorIndex(),
                Check.address(sumSquares)));
    }

    /** Updates a vector, whose second moment [count], F32, is not factored. The rest as for matrices. */
    public static void applyToVector(
            StepControl control,
            Tensor weight,
            Tensor gradient,
            Tensor secondMoment,
            double weightDecay,
            double maxValue,
            Rounding rounding,
            Tensor sumSquares) {
        DType dtype = Check.floating("adalomo_update", weight);
        Check.dtype("adalomo_update", "gradient", gradient, DType.F32);
        Check.count("adalomo_update", "gradient", gradient, weight.count());
        Check.dtype("adalomo_update", "secondMoment", secondMoment, DType.F32);
        Check.count("adalomo_update", "secondMoment", secondMoment, weight.count());
        Status.check(Native.ottava_adalomo_update_vector(
                weight.device().stream(),
                control.address(),
                dtype.code(),
                weight.address(),
                gradient.address(),
                secondMoment.address(),
                weight.count(),
                weightDecay,
                maxValue,
                Check.flag(rounding.stochastic()),
                rounding.seed(),
                rounding.tensorIndex(),
                Check.address(sumSquares)));
    }
}
