package dev.ottava.optim;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdaLomoUpdate;
import dev.ottava.kernel.StepControl;
import java.util.List;
import java.util.Map;

/** AdaLomo (Lv et al., 2023): LOMO with a factored second moment, a vector of rows and one of columns, and a step relative to the weight. */
public final class AdaLomo implements Optimizer {
    private static final String ROW = "row_second_moment";
    private static final String COLUMN = "column_second_moment";
    private static final String VECTOR = "second_moment";

    private final UpdateOptions options;
    private final States states = new States();

    public AdaLomo(List<Parameter> parameters, UpdateOptions options) {
        this.options = options;
        for (Parameter parameter : parameters) {
            Tensor weight = parameter.weight();
            if (weight.rank() == 2) {
                states.zeros(parameter, ROW, DType.F32, weight.size(0));
                states.zeros(parameter, COLUMN, DType.F32, weight.size(1));
            } else {
                states.zeros(parameter, VECTOR, DType.F32, weight.count());
            }
        }
    }

    @Override
    public void update(Parameter parameter, Tensor gradient, StepControl control, Tensor sumSquares) {
        if (parameter.weight().rank() == 2) {
            AdaLomoUpdate.applyToMatrix(
                    control,
                    parameter.weight(),
                    gradient,
                    states.get(parameter, ROW),
                    states.get(parameter, COLUMN),
                    options.decayOf(parameter),
                    options.maxGradValue(),
                    options.roundingOf(parameter),
                    sumSquares);
        } else {
            AdaLomoUpdate.applyToVector(
                    control,
                    parameter.weight(),
                    gradient,
                    states.get(parameter, VECTOR),
                    options.decayOf(parameter),
                    options.maxGradValue(),
                    options.roundingOf(parameter),
                    sumSquares);
        }
    }

    @Override
    public void updateAll(List<Update> vectors, StepControl control) {
        List<AdaLomoUpdate.VectorTarget> targets = vectors.stream()
                .map(each -> new AdaLomoUpdate.VectorTarget(
                        each.parameter().weight(),
                        each.gradient(),
                        states.get(each.parameter(), VECTOR),
                        options.decayOf(each.parameter()),
                        options.roundingOf(each.parameter()),
                        each.sumSquares()))
                .toList();
        AdaLomoUpdate.applyToVectors(control, targets, options.maxGradValue());
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
