package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import java.util.List;

/** AdamW (Loshchilov and Hutter, 2019): decoupled weight decay, two moments, which may be stored in less than F32. */
public final class AdamWUpdate {
    private static final String OPERATION = "adamw_update";

    private AdamWUpdate() {}

    /**
     * What all tensors of a step share.
     *
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param epsilon added to the root of the second moment
     */
    public record Hyperparameters(double beta1, double beta2, double epsilon) {}

    /**
     * A tensor to update.
     *
     * @param weight F32 or BF16
     * @param lowBits I16, as many elements: {@code (weight bits << 16) + lowBits} are the bits of the exact F32 weight of a BF16 one. Null: there is none, and
     *     a BF16 weight is rounded stochastically
     * @param gradient as many elements, F32 or BF16
     * @param first moment
     * @param second moment, stored as the first
     * @param weightDecay decoupled
     * @param rounding its seed and tensor index are those of BF16 moments too
     * @param sumSquares [1], F32: receives the sum of squares of the gradient as it came; may be null
     */
    public record Target(
            Tensor weight,
            Tensor lowBits,
            Tensor gradient,
            AdamWMoment first,
            AdamWMoment second,
            double weightDecay,
            Rounding rounding,
            Tensor sumSquares)
            implements UpdateTable.Target {}

    /**
     * One step of many tensors, in as few launches as they fit into. The formula stands in {@code ottava/optimizer.h}.
     *
     * @param targets weights, low bits, gradients and moments of one dtype each, all rounded with one seed
     * @param maxValue clamp the gradients to [-maxValue, maxValue]; 0 for none
     */
    public static void apply(
            StepControl control, List<Target> targets, Hyperparameters hyperparameters, double maxValue) {
        UpdateTable table = new UpdateTable(OPERATION, targets);
        DType moments = targets.get(0).first().values().dtype();
        targets.forEach(target -> add(table, target, moments));
        Status.check(Native.ottava_adamw_update(
                table.stream(),
                control.address(),
                table.weightDType(),
                table.gradientDType(),
                moments.code(),
                table.words(),
                table.count(),
                hyperparameters.beta1(),
                hyperparameters.beta2(),
                hyperparameters.epsilon(),
                maxValue,
                table.stochastic(),
                table.seed()));
    }

    private static void add(UpdateTable table, Target target, DType moments) {
        Tensor weight = target.weight();
        table.add(target);
        Tensor lowBits = target.lowBits();
        Check.that(
                weight.dtype() == DType.F32
                        ? lowBits == null
                        : lowBits != null || target.rounding().stochastic(),
                OPERATION,
                "low bits, or stochastic rounding, go with BF16 weights, and low bits with no other; weight is "
                        + weight);
        if (lowBits != null) {
            Check.dtype(OPERATION, "lowBits", lowBits, DType.I16);
            Check.count(OPERATION, "lowBits", lowBits, weight.count());
            table.set(Native.OTTAVA_UPDATE_LOW_BITS, lowBits.address());
        }
        for (AdamWMoment moment : List.of(target.first(), target.second())) {
            Check.that(
                    moment.values().dtype() == moments,
                    OPERATION,
                    "the moments of one update are stored alike; " + moment.values() + " is not " + moments);
        }
        table.set(Native.OTTAVA_UPDATE_FIRST_MOMENT, target.first().values().address());
        table.set(Native.OTTAVA_UPDATE_FIRST_GROUPS, groups("first moment", target.first(), weight.count()));
        table.set(Native.OTTAVA_UPDATE_SECOND_MOMENT, target.second().values().address());
        table.set(Native.OTTAVA_UPDATE_SECOND_GROUPS, groups("second moment", target.second(), weight.count()));
    }

    /** Checks a moment; the address of its groups, or 0 where there are none. */
    private static long groups(String name, AdamWMoment moment, long count) {
        Check.count(OPERATION, name, moment.values(), count);
        if (moment instanceof AdamWMoment.Expanded expanded) {
            Check.dtype(OPERATION, name, expanded.values(), DType.E4M3);
            Check.dtype(OPERATION, "groups of the " + name, expanded.groups(), DType.F32);
            Check.shape(OPERATION, "groups of the " + name, expanded.groups(), AdamWMoment.groupShape(count));
            return expanded.groups().address();
        }
        Check.floating(OPERATION, moment.values());
        return 0;
    }

    /** The same for one tensor with moments in F32; without low bits a BF16 weight cannot be updated so, as nothing says how to round it. */
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
        Target target = new Target(
                weight,
                lowBits,
                gradient,
                new AdamWMoment.Plain(firstMoment),
                new AdamWMoment.Plain(secondMoment),
                weightDecay,
                Rounding.NEAREST,
                sumSquares);
        apply(control, List.of(target), new Hyperparameters(beta1, beta2, epsilon), maxValue);
    }
}
