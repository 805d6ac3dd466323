package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import java.util.List;

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

    /**
     * A vector to update.
     *
     * @param weight F32 or BF16
     * @param gradient as many elements, F32
     * @param secondMoment as many, F32: state, zero before the first step; not factored
     * @param weightDecay decoupled
     * @param rounding of a BF16 weight
     * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came; may be null
     */
    public record VectorTarget(
            Tensor weight,
            Tensor gradient,
            Tensor secondMoment,
            double weightDecay,
            Rounding rounding,
            Tensor sumSquares)
            implements UpdateTable.Target {}

    /**
     * Updates vectors, many in as few launches as they fit into. The formula stands in {@code ottava/optimizer.h}.
     *
     * @param targets weights of one dtype, all rounded with one seed
     * @param maxValue clamp the gradients to [-maxValue, maxValue]; 0 for none
     */
    public static void applyToVectors(StepControl control, List<VectorTarget> targets, double maxValue) {
        UpdateTable table = new UpdateTable("adalomo_update_vectors", targets);
        for (VectorTarget target : targets) {
            Check.dtype("adalomo_update_vectors", "gradient", target.gradient(), DType.F32);
            Check.dtype("adalomo_update_vectors", "secondMoment", target.secondMoment(), DType.F32);
            Check.count(
                    "adalomo_update_vectors",
                    "secondMoment",
                    target.secondMoment(),
                    target.weight().count());
            table.add(target);
            table.set(Native.OTTAVA_UPDATE_SECOND_MOMENT, target.secondMoment().address());
        }
        Status.check(Native.ottava_adalomo_update_vectors(
                table.stream(),
                control.address(),
                table.weightDType(),
                table.words(),
                table.count(),
                maxValue,
                table.stochastic(),
                table.seed()));
    }

    /** The same for one vector. */
    public static void applyToVector(
            StepControl control,
            Tensor weight,
            Tensor gradient,
            Tensor secondMoment,
            double weightDecay,
            double maxValue,
            Rounding rounding,
            Tensor sumSquares) {
        applyToVectors(
                control,
                List.of(new VectorTarget(weight, gradient, secondMoment, weightDecay, rounding, sumSquares)),
                maxValue);
    }
}
