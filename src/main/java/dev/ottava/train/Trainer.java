package dev.ottava.train;

import dev.ottava.autograd.LossOperation;
import dev.ottava.autograd.SavingPolicy;
import dev.ottava.autograd.Tape;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryStatistics;
import dev.ottava.core.Tensor;
import dev.ottava.data.Batch;
import dev.ottava.data.Dataset;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.optim.Optimizer;
import dev.ottava.train.Checkpoints.Position;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Trains a model on a dataset.
 *
 * <pre>{@code
 * try (Trainer trainer = new Trainer(model, data, null, TrainingOptions.defaults(OptimizerKind.LOMO, 100), null)) {
 *     trainer.run(new TrainingListener() {});
 * }
 * }</pre>
 */
public final class Trainer implements AutoCloseable {
    private final LlamaModel model;
    private final Dataset train;
    private final Dataset eval;
    private final TrainingOptions options;
    private final RunFolder folder;
    private final TrainingStep step;
    private final LearningRateSchedule schedule;
    private final Checkpoints checkpoints;
    private Position position = new Position(0, 0);

    /**
     * A trainer; it owns the optimizer's state, and neither the model nor the data.
     *
     * @param eval null for no evaluation
     * @param folder where metrics and checkpoints go; null writes none
     */
    public Trainer(LlamaModel model, Dataset train, Dataset eval, TrainingOptions options, RunFolder folder) {
        this(model, train, eval, options, new TrainingStep(model, options), folder);
    }

    /**
     * A trainer with an optimizer of the caller's, which it closes. What the options say of optimizers is meant for those that come with Ottava: of them only the
     * learning rate and its schedule, {@code maxGradNorm} and the rest of the run count here. {@code options.optimizer()} is a name, but for accumulation, which the
     * options allow with {@code ADAMW} alone and an optimizer that keeps gradients.
     */
    public Trainer(
            LlamaModel model,
            Dataset train,
            Dataset eval,
            TrainingOptions options,
            Optimizer optimizer,
            RunFolder folder) {
        this(model, train, eval, options, new TrainingStep(model, options, optimizer), folder);
    }

    private Trainer(
            LlamaModel model,
            Dataset train,
            Dataset eval,
            TrainingOptions options,
            TrainingStep step,
            RunFolder folder) {
        this.model = model;
        this.train = train;
        this.eval = eval;
        this.options = options;
        this.folder = folder;
        this.schedule = new LearningRateSchedule(options);
        this.step = step;
        this.checkpoints = folder == null
                ? null
                : new Checkpoints(folder.path(), model, step.optimizer().state(), options, train.tokens());
        if (folder != null && folder.resumes()) {
            try {
                checkpoints.latest().ifPresent(path -> position = checkpoints.load(path));
            } catch (RuntimeException e) {
                step.close();
                throw e;
            }
        }
    }

    /** The step that was done last: 0, or that of the checkpoint that the run goes on from. */
    public int stepsDone() {
        return position.step();
    }

    /** What each layer, counted from 0, saves for the backward pass, instead of what the options say. */
    public void saving(IntFunction<SavingPolicy> policies) {
        step.saving(policies);
    }

    /** Trains to the last step. */
    public void run(TrainingListener listener) {
        if (folder == null) {
            run(listener, null);
        } else {
            try (MetricsLog log = MetricsLog.open(folder.path(), position.step())) {
                run(listener, log);
            }
        }
    }

    private void run(TrainingListener listener, MetricsLog log) {
        Stopwatch stopwatch = new Stopwatch();
        while (position.step() < options.steps()) {
            int number = position.step() + 1;
            stopwatch.start();
            List<Batch> batches = batches(number);
            double learningRate = schedule.at(number);
            TrainingStep.Result result = runStep(batches, number, learningRate);
            long tokens = batches.stream().mapToLong(Batch::tokenCount).sum();
            position = new Position(number, position.tokens() + tokens);
            stopwatch.stop(tokens);
            step.notice().ifPresent(listener::onNotice);

            boolean last = number == options.steps();
            boolean logged = last || number % options.logSteps() == 0;
            StepMetrics metrics = new StepMetrics(
                    number,
                    result.loss(),
                    result.gradNorm(),
                    learningRate,
                    position.tokens(),
                    stopwatch.tokensPerSecond(),
                    model.device().memory().peakBytes(),
                    result.hostNanos() / 1e6,
                    result.issue());
            if (logged) {
                stopwatch.reset();
                if (log != null) {
                    log.step(metrics);
                }
            }
            listener.onStep(metrics, logged);
            if (eval != null && (last || (options.evalSteps() > 0 && number % options.evalSteps() == 0))) {
                double evalLoss = evaluate(model, eval, options.batchSize());
                if (log != null) {
                    log.evaluation(number, evalLoss);
                }
                listener.onEvaluation(number, evalLoss);
            }
            if (checkpoints != null && options.saveSteps() > 0 && number % options.saveSteps() == 0) {
                listener.onCheckpoint(number, checkpoints.save(position, options.keepCheckpoints()));
            }
        }
    }

    private TrainingStep.Result runStep(List<Batch> batches, int number, double learningRate) {
        try {
            return step.run(batches, number, learningRate);
        } catch (TrainingException e) {
            Optional<Path> latest = checkpoints == null ? Optional.empty() : checkpoints.latest();
            throw latest.map(path -> new TrainingException(e.getMessage() + " (last checkpoint: " + path + ")", e))
                    .orElse(e);
        }
    }

    private List<Batch> batches(int number) {
        List<Batch> batches = new ArrayList<>();
        long first = (number - 1L) * options.gradientAccumulationSteps();
        for (int i = 0; i < options.gradientAccumulationSteps(); i++) {
            batches.add(train.batch((first + i) * options.batchSize(), options.batchSize()));
        }
        return batches;
    }

    /** The loss over one epoch of a dataset: the sum over its targets divided by their number. */
    public static double evaluate(LlamaModel model, Dataset data, int batchSize) {
        double sum = 0;
        long targets = 0;
        for (int first = 0; first < data.rows(); first += batchSize) {
            Batch batch = data.batch(first, Math.min(batchSize, data.rows() - first));
            try (Tape tape = Tape.notRecording(model.device());
                    Tensor ids = model.device().tensor(batch.ids(), batch.ids().length);
                    Tensor expected = model.device().tensor(batch.targets(), batch.targets().length);
                    LossOperation.Loss loss = model.loss(tape, ids, expected, batch.rows(), 1)) {
                sum += loss.sum();
                targets += batch.targetCount();
            }
        }
        return sum / targets;
    }

    /**
     * The memory that a run will take: the training step itself, run on a device that counts and does nothing else.
     *
     * @param seqLen of the longest row
     */
    public static MemoryStatistics plan(LlamaConfig config, TrainingOptions options, int seqLen) {
        int[] ids = new int[tokens(options.batchSize(), seqLen)];
        int[] targets = new int[ids.length];
        Batch batch = new Batch(options.batchSize(), seqLen, ids, targets, targets.length, ids.length);
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < options.gradientAccumulationSteps(); i++) {
            batches.add(batch);
        }
        try (Device meta = Device.open("meta");
                LlamaModel model = LlamaModel.empty(config, meta, options.precision());
                TrainingStep step = new TrainingStep(model, options)) {
            step.run(batches, 1, options.learningRate());
            return meta.memory();
        }
    }

    /** Bytes that a layer saves for the backward pass, as the allocator counts them in the forward pass on a device that does nothing else. */
    public static long planSavedBytes(LlamaConfig config, TrainingOptions options, int seqLen) {
        SavingPolicy policy = options.savingPolicy();
        tokens(options.batchSize(), seqLen);
        try (Device meta = Device.open("meta");
                LlamaModel model = LlamaModel.empty(config, meta, options.precision())) {
            return model.savedBytes(options.batchSize(), seqLen, layer -> policy) / config.numHiddenLayers();
        }
    }

    private static int tokens(int batchSize, int seqLen) {
        long tokens = (long) batchSize * seqLen;
        if (tokens > Integer.MAX_VALUE) {
            throw new InvalidArgumentException("--batch-size " + batchSize + " of --seq-len " + seqLen + " makes "
                    + tokens + " tokens in a batch: at most 2147483647; lower one of them");
        }
        return (int) tokens;
    }

    @Override
    public void close() {
        step.close();
    }
}
