package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import java.util.List;

/** The tensors of one update, as {@code ottava/optimizer.h} wants them, and what they have in common. */
final class UpdateTable {
    private static final int FIELDS = Native.OTTAVA_UPDATE_FIELDS;

    /** What the updates have in common of a tensor. */
    interface Target {
        Tensor weight();

        Tensor gradient();

        double weightDecay();

        Rounding rounding();

        Tensor sumSquares();
    }

    private final String operation;
    private final long[] words;
    private final Target first;
    private int rows;

    UpdateTable(String operation, List<? extends Target> targets) {
        if (targets.isEmpty()) {
            throw new InvalidArgumentException(operation + ": there is no tensor to update");
        }
        this.operation = operation;
        this.words = new long[targets.size() * FIELDS];
        this.first = targets.get(0);
    }

    /** Checks what all updates ask of a tensor, and begins its row. */
    void add(Target target) {
        Tensor weight = target.weight();
        Tensor gradient = target.gradient();
        Check.floating(operation, weight);
        Check.floating(operation, gradient);
        Check.count(operation, "gradient", gradient, weight.count());
        Check.device(operation, first.weight(), weight, gradient);
        same(weight, first.weight());
        same(gradient, first.gradient());
        Rounding rounding = target.rounding();
        Rounding common = first.rounding();
        Check.that(
                rounding.stochastic() == common.stochastic() && rounding.seed() == common.seed(),
                operation,
                "the tensors of one update are rounded alike, with one seed; " + rounding + " and " + common
                        + " differ");
        rows++;
        set(Native.OTTAVA_UPDATE_COUNT, weight.count());
        set(Native.OTTAVA_UPDATE_WEIGHT, weight.address());
        set(Native.OTTAVA_UPDATE_GRADIENT, gradient.address());
        set(Native.OTTAVA_UPDATE_WEIGHT_DECAY, Double.doubleToRawLongBits(target.weightDecay()));
        set(Native.OTTAVA_UPDATE_TENSOR_INDEX, rounding.tensorIndex());
        set(Native.OTTAVA_UPDATE_SUM_SQUARES, Check.address(target.sumSquares()));
    }

    /** Sets a word of the last row. */
    void set(int field, long value) {
        words[(rows - 1) * FIELDS + field] = value;
    }

    private void same(Tensor tensor, Tensor other) {
        Check.that(
                tensor.dtype() == other.dtype(),
                operation,
                "the tensors of one update are of the same dtypes; " + tensor + " and " + other + " are not");
    }

    long[] words() {
        return words;
    }

    long count() {
        return rows;
    }

    long stream() {
        return first.weight().device().stream();
    }

    int weightDType() {
        return first.weight().dtype().code();
    }

    int gradientDType() {
        return first.gradient().dtype().code();
    }

    int stochastic() {
        return Check.flag(first.rounding().stochastic());
    }

    long seed() {
        return first.rounding().seed();
    }
}
