package dev.ottava.train;

import dev.ottava.autograd.GradientConsumer;
import dev.ottava.autograd.GradientEpilogue;
import dev.ottava.autograd.LossOperation;
import dev.ottava.autograd.Parameter;
import dev.ottava.autograd.ParameterGradients;
import dev.ottava.autograd.SavingPolicy;
import dev.ottava.autograd.Tape;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.data.Batch;
import dev.ottava.kernel.AdamWUpdate;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.LomoRule;
import dev.ottava.kernel.StepControl;
import dev.ottava.nn.LlamaModel;
import dev.ottava.optim.AdaLomo;
import dev.ottava.optim.AdamW;
import dev.ottava.optim.Lomo;
import dev.ottava.optim.Optimizer;
import dev.ottava.optim.UpdateOptions;
import dev.ottava.train.TrainingOptions.Fp8WeightRounding;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * One update of all parameters. Three ways lead through it:
 *
 * <ul>
 *   <li>in one pass: each gradient is consumed where or when it is made, and those of vectors wait for the end of the pass;
 *   <li>clipping by the global norm: a first backward pass takes the norms, a second one updates (LOMO, section 3.3);
 *   <li>an optimizer that keeps gradients (AdamW): those of all parameters wait in F32 until the last batch.
 * </ul>
 *
 * <p>The host gives the device the whole step and looks at what came of it once, at the end; on the device a loss or a norm that is not finite turns off what would
 * have written. Where the device has graphs, steps are launched from them ({@link StepGraphs}).
 */
public final class TrainingStep implements AutoCloseable {
    /**
     * What a step found.
     *
     * @param loss before the update: the sum over unmasked targets divided by their number
     * @param gradNorm global norm before clipping
     * @param hostNanos what the host took until it waited for the device
     * @param issue how the device was given it
     */
    public record Result(double loss, double gradNorm, long hostNanos, StepMetrics.Issue issue) {}

    private final LlamaModel model;
    private final TrainingOptions options;
    private IntFunction<SavingPolicy> saving;
    private final Optimizer optimizer;
    private final StepControl control;
    private final Tensor sumsOfSquares;
    private final StepInputs inputs;
    private final StepGraphs graphs;

    /** A step of an optimizer that comes with Ottava. */
    public TrainingStep(LlamaModel model, TrainingOptions options) {
        this(model, options, optimizer(model.parameters(), options));
    }

    /** A step of any optimizer, which is closed with it. */
    public TrainingStep(LlamaModel model, TrainingOptions options, Optimizer optimizer) {
        if (options.gradientAccumulationSteps() > 1 && !optimizer.keepsGradients()) {
            throw new InvalidArgumentException("gradientAccumulationSteps " + options.gradientAccumulationSteps()
                    + " with an optimizer that does not keep gradients and has none to add to: raise batchSize");
        }
        this.model = model;
        this.options = options;
        if (options.keepOperands()) {
            model.keepOperands();
        }
        SavingPolicy policy = options.savingPolicy();
        this.saving = layer -> policy;
        this.optimizer = optimizer;
        this.control = new StepControl(model.device());
        this.sumsOfSquares = model.device()
                .arena(MemoryPurpose.WORKSPACE)
                .zeros(DType.F32, model.parameters().size());
        this.inputs = new StepInputs(model.device());
        this.graphs = new StepGraphs(model, options.graph() && optimizer.isRecordable());
    }

    private static Optimizer optimizer(List<Parameter> parameters, TrainingOptions options) {
        UpdateOptions update = new UpdateOptions(
                options.weightDecay(),
                options.noDecay1d(),
                options.maxGradValue(),
                options.seed(),
                options.fp8WeightRounding() == Fp8WeightRounding.STOCHASTIC);
        return switch (options.optimizer()) {
            case LOMO -> new Lomo(update);
            case ADALOMO -> new AdaLomo(parameters, update);
            case ADAMW ->
                new AdamW(
                        parameters,
                        update,
                        new AdamWUpdate.Hyperparameters(
                                options.adamBeta1(), options.adamBeta2(), options.adamEpsilon()),
                        options.optimizerStates(),
                        options.adamwWeights());
        };
    }

    public Optimizer optimizer() {
        return optimizer;
    }

    /** What each layer, counted from 0, saves for the backward pass, instead of what the options say. */
    public void saving(IntFunction<SavingPolicy> policies) {
        saving = policies;
        graphs.forget();
    }

    /** One line that says why steps are no longer launched from graphs, the first time after that came about. */
    Optional<String> notice() {
        return graphs.notice();
    }

    /**
     * Runs a step.
     *
     * @param batches as many as are accumulated; the loss is over all their targets
     * @param step from 1
     * @throws TrainingException if the loss or the norm of the gradients is not finite; a loss is found before anything is changed
     */
    public Result run(List<Batch> batches, int step, double learningRate) {
        long targets = batches.stream().mapToLong(Batch::targetCount).sum();
        if (targets == 0) {
            throw new TrainingException(
                    "step " + step + ": the batch has no target; is every completion cut off by --seq-len?");
        }
        long started = System.nanoTime();
        control.begin(step, learningRate, 1.0 / targets);
        List<StepInputs.OfBatch> loaded = inputs.load(batches);
        boolean launched = graphs.run(loaded, () -> issue(loaded, step));
        long issued = System.nanoTime();
        StepControl.Findings found = control.findings();
        check(found, step);
        return new Result(
                found.loss() / targets,
                found.gradientNorm(),
                issued - started,
                StepMetrics.Issue.of(model.device(), launched));
    }

    /** All that a step gives the device to do, when control and inputs are there. Of the arguments {@code step} is only for messages. */
    private void issue(List<StepInputs.OfBatch> batches, int step) {
        if (optimizer.keepsGradients()) {
            keepingGradients(batches, step);
        } else {
            consumingGradients(batches.get(0), step);
        }
    }

    private void consumingGradients(StepInputs.OfBatch batch, int step) {
        Device device = model.device();
        boolean twice = clipsFirst();
        try (Tape tape = Tape.recording(device, weight -> rule(weight) != null, twice);
                LossOperation.Loss loss = loss(tape, batch, step)) {
            if (twice) {
                try (ParameterGradients norms = ParameterGradients.consumedBy(device, new Norms())) {
                    loss.backward(norms, true);
                }
                clip(step);
            }
            try (ParameterGradients updates = ParameterGradients.consumedBy(device, new Updates())) {
                loss.backward(updates, false);
                updateAll(updates);
            }
            if (!twice) {
                clip(step);
            }
        }
    }

    private void keepingGradients(List<StepInputs.OfBatch> batches, int step) {
        Device device = model.device();
        try (ParameterGradients kept = ParameterGradients.kept(device)) {
            for (StepInputs.OfBatch batch : batches) {
                try (Tape tape = Tape.recording(device);
                        LossOperation.Loss loss = loss(tape, batch, step)) {
                    loss.backward(kept, false);
                }
            }
            kept.forEach(this::takeNorm);
            clip(step);
            updateAll(kept);
        }
    }

    private LossOperation.Loss loss(Tape tape, StepInputs.OfBatch batch, int step) {
        LossOperation.Loss loss =
                model.loss(tape, batch.ids(), batch.targets(), batch.rows(), control.lossScale(), saving);
        try {
            control.addLoss(loss.sumOnDevice());
            checkBefore(step);
            return loss;
        } catch (RuntimeException e) {
            loss.close();
            throw e;
        }
    }

    private void takeNorm(Parameter parameter, Tensor gradient) {
        Elementwise.sumSquares(sumOf(parameter), gradient);
    }

    /** The first pass of clipping. */
    private final class Norms implements GradientConsumer {
        @Override
        public void accept(Parameter parameter, Tensor gradient) {
            takeNorm(parameter, gradient);
        }

        @Override
        public GradientEpilogue epilogue(Parameter weight) {
            return rule(weight) == null ? null : new GradientEpilogue.Norm(sumOf(weight));
        }
    }

    /** The pass that changes the parameters. */
    private final class Updates implements GradientConsumer {
        @Override
        public void accept(Parameter parameter, Tensor gradient) {
            optimizer.update(parameter, gradient, control, sumOf(parameter));
            model.changed(parameter);
        }

        /** Those of vectors are small, and many of them change in one call. */
        @Override
        public boolean keeps(Parameter parameter) {
            return parameter.weight().rank() == 1;
        }

        @Override
        public GradientEpilogue epilogue(Parameter weight) {
            LomoRule rule = rule(weight);
            return rule == null ? null : new GradientEpilogue.Update(rule);
        }

        @Override
        public void taken(Parameter weight) {
            model.changed(weight);
        }
    }

    private LomoRule rule(Parameter weight) {
        return optimizer.epilogue(weight, control, sumOf(weight));
    }

    private void updateAll(ParameterGradients gradients) {
        List<Optimizer.Update> updates = gradients.kept().stream()
                .map(each -> new Optimizer.Update(each.parameter(), each.gradient(), sumOf(each.parameter())))
                .toList();
        optimizer.updateAll(updates, control);
        updates.forEach(each -> model.changed(each.parameter()));
    }

    private Tensor sumOf(Parameter parameter) {
        return sumsOfSquares.rows(parameter.index(), parameter.index() + 1L);
    }

    private void clip(int step) {
        control.clip(sumsOfSquares, options.maxGradNorm());
        if (clipsFirst()) {
            checkBefore(step);
        }
    }

    /** Whether the norm is known before weights change. */
    private boolean clipsFirst() {
        return options.maxGradNorm() > 0 || optimizer.keepsGradients();
    }

    /** An optimizer that may do more than give the device operations is not called where there is nothing to update with. */
    private void checkBefore(int step) {
        if (!optimizer.isRecordable()) {
            check(control.findings(), step);
        }
    }

    private void check(StepControl.Findings found, int step) {
        if (found.ok() || model.device().isMeta()) {
            return;
        }
        String what = Double.isFinite(found.loss())
                ? "the norm of the gradients is " + found.gradientNorm() + "; "
                        + (clipsFirst()
                                ? "nothing has been changed"
                                : "in one pass only the loss is looked at before weights change, and these have changed:"
                                        + " go back to the last checkpoint")
                : "the loss is " + found.loss() + "; nothing has been changed in this step";
        throw new TrainingException("step " + step + ": " + what + ". Lower --learning-rate, or set --max-grad-norm");
    }

    @Override
    public void close() {
        graphs.close();
        inputs.close();
        optimizer.close();
        control.close();
        sumsOfSquares.close();
    }
}
