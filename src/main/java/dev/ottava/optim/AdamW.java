package dev.ottava.optim;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdamWUpdate;
import dev.ottava.kernel.StepControl;
import java.util.List;
import java.util.Map;

/** AdamW (Loshchilov and Hutter, 2019) with moments in F32. A BF16 weight has its exact F32 value, 16 more bits of it, among the state. */
public final class AdamW implements Optimizer {
    private static final String FIRST = "first_moment";
    private static final String SECOND = "second_moment";
    private static final String LOW_BITS = "low_bits";

    /**
     * What AdamW has beside the options of all.
     *
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param epsilon added to the root of the second moment
     */
    public record Hyperparameters(double beta1, double beta2, double epsilon) {}

    private final UpdateOptions options;
    private final Hyperparameters hyperparameters;
    private final States states = new States();

    public AdamW(List<Parameter> parameters, UpdateOptions options, Hyperparameters hyperparameters) {
        this.options = options;
        this.hyperparameters = hyperparameters;
        for (Parameter parameter : parameters) {
            long[] shape = parameter.weight().shape();
            states.zeros(parameter, FIRST, DType.F32, shape);
            states.zeros(parameter, SECOND, DType.F32, shape);
            if (parameter.weight().dtype() == DType.BF16) {
                states.zeros(parameter, LOW_BITS, DType.I16, shape);
            }
        }
    }

    @Override
    public void update(Parameter parameter, Tensor gradient, StepControl control, Tensor sumSquares) {
        AdamWUpdate.apply(
                control,
                parameter.weight(),
                states.get(parameter, LOW_BITS),
                gradient,
                states.get(parameter, FIRST),
                states.get(parameter, SECOND),
                hyperparameters.beta1(),
                hyperparameters.beta2(),
                hyperparameters.epsilon(),
                options.decayOf(parameter),
                options.maxGradValue(),
                sumSquares);
    }

    @Override
    public boolean keepsGradients() {
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
