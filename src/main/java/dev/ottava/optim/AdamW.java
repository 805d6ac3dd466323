package dev.ottava.optim;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdamWMoment;
import dev.ottava.kernel.AdamWUpdate;
import dev.ottava.kernel.AdamWUpdate.Hyperparameters;
import dev.ottava.kernel.Rounding;
import dev.ottava.kernel.StepControl;
import java.util.List;
import java.util.Map;

/**
 * AdamW (Loshchilov and Hutter, 2019), all tensors of a step together. Its state, by the name of the parameter: {@code .first_moment} and {@code
 * .second_moment} in the shape of the weight; where they are E4M3, {@code .first_moment_groups} and {@code .second_moment_groups} (format: {@code
 * ottava/optimizer.h}); {@code .low_bits} where a BF16 weight is kept exactly.
 */
public final class AdamW implements Optimizer {
    private static final String FIRST = "first_moment";
    private static final String SECOND = "second_moment";
    private static final String GROUPS = "_groups";
    private static final String LOW_BITS = "low_bits";

    /** What the moments are stored in. */
    public enum StateKind {
        FP32(DType.F32),
        /** Rounded stochastically. */
        BF16(DType.BF16),
        /** E4M3 with dynamic range expansion (COAT, Xi et al., 2024, section 4). */
        FP8(DType.E4M3);

        private final DType dtype;

        StateKind(DType dtype) {
            this.dtype = dtype;
        }
    }

    /** How BF16 weights are kept. */
    public enum WeightKind {
        /** With 16 more bits, which make them F32. */
        EXACT,
        /** Rounded stochastically. */
        STOCHASTIC
    }

    private final UpdateOptions options;
    private final Hyperparameters hyperparameters;
    private final States states = new States();

    /** With moments in F32 and exact weights. */
    public AdamW(List<Parameter> parameters, UpdateOptions options, Hyperparameters hyperparameters) {
        this(parameters, options, hyperparameters, StateKind.FP32, WeightKind.EXACT);
    }

    public AdamW(
            List<Parameter> parameters,
            UpdateOptions options,
            Hyperparameters hyperparameters,
            StateKind stateKind,
            WeightKind weightKind) {
        this.options = options;
        this.hyperparameters = hyperparameters;
        for (Parameter parameter : parameters) {
            long[] shape = parameter.weight().shape();
            for (String moment : List.of(FIRST, SECOND)) {
                states.zeros(parameter, moment, stateKind.dtype, shape);
                if (stateKind == StateKind.FP8) {
                    long count = parameter.weight().count();
                    states.zeros(parameter, moment + GROUPS, DType.F32, AdamWMoment.groupShape(count));
                }
            }
            if (parameter.weight().dtype() == DType.BF16 && weightKind == WeightKind.EXACT) {
                states.zeros(parameter, LOW_BITS, DType.I16, shape);
            }
        }
    }

    /** The name, in the state, of the groups that belong to the codes of a moment. */
    public static String groupsOf(String moment) {
        return moment + GROUPS;
    }

    /** Whether a name is one of those. */
    public static boolean isGroups(String name) {
        return name.endsWith(GROUPS);
    }

    /** Whether a name is that of a second moment. */
    public static boolean isSecondMoment(String name) {
        return name.endsWith("." + SECOND);
    }

    @Override
    public void update(Parameter parameter, Tensor gradient, StepControl control, Tensor sumSquares) {
        updateAll(List.of(new Update(parameter, gradient, sumSquares)), control);
    }

    @Override
    public void updateAll(List<Update> updates, StepControl control) {
        List<AdamWUpdate.Target> targets = updates.stream().map(this::target).toList();
        AdamWUpdate.apply(control, targets, hyperparameters, options.maxGradValue());
    }

    private AdamWUpdate.Target target(Update update) {
        Parameter parameter = update.parameter();
        Tensor lowBits = states.get(parameter, LOW_BITS);
        return new AdamWUpdate.Target(
                parameter.weight(),
                lowBits,
                update.gradient(),
                moment(parameter, FIRST),
                moment(parameter, SECOND),
                options.decayOf(parameter),
                // Moments in BF16 take its random numbers too, where the weight itself is exact.
                new Rounding(
                        parameter.weight().dtype() == DType.BF16 && lowBits == null, options.seed(), parameter.index()),
                update.sumSquares());
    }

    private AdamWMoment moment(Parameter parameter, String name) {
        Tensor values = states.get(parameter, name);
        return values.dtype() == DType.E4M3
                ? new AdamWMoment.Expanded(values, states.get(parameter, name + GROUPS))
                : new AdamWMoment.Plain(values);
    }

    @Override
    public boolean keepsGradients() {
        return true;
    }

    @Override
    public boolean isRecordable() {
        return true;
    }

    @Override
    public Map<String, Tensor> state() {
        return states.all();
    }

    @Override
    public void close() {
        states.close();
    }
}
