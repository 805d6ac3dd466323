package dev.ottava.optim;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.LomoRule;
import dev.ottava.kernel.LomoUpdate;
import dev.ottava.kernel.StepControl;
import java.util.List;

/** LOMO (Lv et al., 2023): gradient descent without a state. */
public final class Lomo implements Optimizer {
    private final UpdateOptions options;

    public Lomo(UpdateOptions options) {
        this.options = options;
    }

    @Override
    public LomoRule epilogue(Parameter parameter, StepControl control, Tensor sumSquares) {
        return new LomoRule(
                control, options.decayOf(parameter), options.maxGradValue(), options.roundingOf(parameter), sumSquares);
    }

    @Override
    public void update(Parameter parameter, Tensor gradient, StepControl control, Tensor sumSquares) {
        if (parameter.isFp8()) {
            LomoRule rule = epilogue(parameter, control, sumSquares);
            LomoUpdate.apply(rule, parameter.quantized(), gradient, parameter.powerOfTwoScales());
            return;
        }
        LomoUpdate.apply(
                control,
                parameter.weight(),
                gradient,
                options.decayOf(parameter),
                options.maxGradValue(),
                options.roundingOf(parameter),
                sumSquares);
    }

    @Override
    public boolean isRecordable() {
        return true;
    }

    @Override
    public void updateAll(List<Update> updates, StepControl control) {
        List<LomoUpdate.Target> targets = updates.stream()
                .map(each -> new LomoUpdate.Target(
                        each.parameter().weight(),
                        each.gradient(),
                        options.decayOf(each.parameter()),
                        options.roundingOf(each.parameter()),
                        each.sumSquares()))
                .toList();
        LomoUpdate.apply(control, targets, options.maxGradValue());
    }
}
