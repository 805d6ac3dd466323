package dev.ottava.train;

import dev.ottava.autograd.SavingPolicy;
import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.nn.Precision;
import dev.ottava.optim.AdamW;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * How to train. {@link #defaults} are those of {@code ottava train}; {@link #with} changes them.
 *
 * @param optimizer which rule updates the parameters
 * @param learningRate peak of the schedule
 * @param warmupSteps step i of these uses learningRate · i / warmupSteps
 * @param weightDecay decoupled
 * @param noDecay1d exempts vectors from weight decay
 * @param maxGradNorm clip by the global norm; 0 is off. LOMO and AdaLomo then run the backward pass twice
 * @param maxGradValue clamp every gradient to [-x, x]; 0 is off
 * @param batchSize sequences of a step, or of an accumulation step
 * @param gradientAccumulationSteps AdamW only: batches that share one update
 * @param steps updates in all
 * @param optimizerStates AdamW only: what its moments are stored in
 * @param adamwWeights AdamW only: how BF16 weights are kept
 * @param precision what the model computes with, and what its weights are stored in
 * @param fp8WeightRounding of updates of FP8 weights
 * @param fp8Activations save activations in FP8 (COAT), which takes linear layers in FP8
 * @param recomputeBlocks keep only the input of each block for the backward pass
 * @param keepOperands keep what products in FP8 take beside the stored weights
 * @param graph launch steps from graphs, where the device has them
 * @param logSteps log every so many steps, and the last
 * @param saveSteps checkpoint every so many steps; 0 is off
 * @param keepCheckpoints how many checkpoints to keep
 * @param evalSteps evaluate every so many steps; 0 is only at the end
 */
public record TrainingOptions(
        OptimizerKind optimizer,
        double learningRate,
        ScheduleKind schedule,
        int warmupSteps,
        double weightDecay,
        boolean noDecay1d,
        double adamBeta1,
        double adamBeta2,
        double adamEpsilon,
        AdamW.StateKind optimizerStates,
        AdamW.WeightKind adamwWeights,
        double maxGradNorm,
        double maxGradValue,
        int batchSize,
        int gradientAccumulationSteps,
        int steps,
        long seed,
        boolean shuffle,
        Precision precision,
        Fp8WeightRounding fp8WeightRounding,
        boolean fp8Activations,
        boolean recomputeBlocks,
        boolean keepOperands,
        boolean graph,
        int logSteps,
        int saveSteps,
        int keepCheckpoints,
        int evalSteps) {

    /** Which rule updates the parameters, with the learning rate its authors suggest. */
    public enum OptimizerKind {
        LOMO(0.01),
        ADALOMO(5e-4),
        ADAMW(2e-5);

        private final double defaultLearningRate;

        OptimizerKind(double defaultLearningRate) {
            this.defaultLearningRate = defaultLearningRate;
        }

        public double defaultLearningRate() {
            return defaultLearningRate;
        }
    }

    /** How the update of an FP8 weight is rounded. */
    public enum Fp8WeightRounding {
        STOCHASTIC,
        NEAREST
    }

    /** How the learning rate goes on after the warm-up; linear and cosine end at 0. */
    public enum ScheduleKind {
        CONSTANT,
        LINEAR,
        COSINE
    }

    public TrainingOptions {
        if (!(learningRate >= 0) || Double.isInfinite(learningRate)) {
            throw new InvalidArgumentException("--learning-rate " + learningRate + ": a number from 0");
        }
        if (!(weightDecay >= 0) || !(maxGradNorm >= 0) || !(maxGradValue >= 0)) {
            throw new InvalidArgumentException("--weight-decay " + weightDecay + ", --max-grad-norm " + maxGradNorm
                    + ", --max-grad-value " + maxGradValue + ": numbers from 0");
        }
        if (!(adamBeta1 >= 0 && adamBeta1 < 1 && adamBeta2 >= 0 && adamBeta2 < 1 && adamEpsilon > 0)) {
            throw new InvalidArgumentException("--adam-beta1 " + adamBeta1 + ", --adam-beta2 " + adamBeta2
                    + ", --adam-epsilon " + adamEpsilon + ": betas from 0 to below 1, epsilon above 0");
        }
        if (batchSize < 1 || gradientAccumulationSteps < 1 || steps < 1 || logSteps < 1) {
            throw new InvalidArgumentException(
                    "--batch-size, --gradient-accumulation-steps, --steps and --log-steps are whole numbers from 1");
        }
        if (warmupSteps < 0 || saveSteps < 0 || keepCheckpoints < 1 || evalSteps < 0) {
            throw new InvalidArgumentException(
                    "--warmup-steps, --save-steps and --eval-steps are whole numbers from 0, --keep-checkpoints from 1");
        }
        if (precision.weights().isFp8() && optimizer != OptimizerKind.LOMO) {
            throw new InvalidArgumentException(
                    "--weights fp8 with " + optimizer.name().toLowerCase(Locale.ROOT)
                            + ": only --optimizer lomo updates FP8 weights; use it, or --weights bf16");
        }
        if (keepOperands && !precision.usesFp8()) {
            throw new InvalidArgumentException("--keep-operands is for --precision fp8: give both, or neither");
        }
        if (gradientAccumulationSteps > 1 && optimizer != OptimizerKind.ADAMW) {
            throw new InvalidArgumentException("--gradient-accumulation-steps " + gradientAccumulationSteps + " with "
                    + optimizer.name().toLowerCase(Locale.ROOT)
                    + ": it consumes each gradient the moment it exists and has none to add to; raise --batch-size, or use"
                    + " --optimizer adamw");
        }
        if (optimizerStates != AdamW.StateKind.FP32 && optimizer != OptimizerKind.ADAMW) {
            throw new InvalidArgumentException("--optimizer-states "
                    + optimizerStates.name().toLowerCase(Locale.ROOT) + " with "
                    + optimizer.name().toLowerCase(Locale.ROOT)
                    + ": only adamw has moments to compress; use --optimizer"
                    + " adamw");
        }
        if (adamwWeights == AdamW.WeightKind.STOCHASTIC
                && (optimizer != OptimizerKind.ADAMW || precision.weights().others() != DType.BF16)) {
            throw new InvalidArgumentException(
                    "--adamw-weights stochastic is for --optimizer adamw with weights in BF16: leave it out, or use both");
        }
        if (fp8Activations && !precision.usesFp8()) {
            throw new InvalidArgumentException(
                    "--activations fp8 saves what linear layers in FP8 make and read: it needs --precision fp8");
        }
    }

    /** The defaults for an optimizer and a number of steps. */
    public static TrainingOptions defaults(OptimizerKind optimizer, int steps) {
        return new TrainingOptions(
                optimizer,
                optimizer.defaultLearningRate(),
                ScheduleKind.CONSTANT,
                0,
                0,
                false,
                0.9,
                0.999,
                1e-8,
                AdamW.StateKind.FP32,
                AdamW.WeightKind.EXACT,
                0,
                0,
                8,
                1,
                steps,
                0,
                true,
                Precision.F32,
                Fp8WeightRounding.STOCHASTIC,
                false,
                false,
                false,
                true,
                10,
                0,
                2,
                0);
    }

    /** What each layer saves for the backward pass. */
    public SavingPolicy savingPolicy() {
        SavingPolicy policy = fp8Activations ? SavingPolicy.COAT : SavingPolicy.AS_COMPUTED;
        return recomputeBlocks ? policy.recomputed() : policy;
    }

    /** These options with some changed: {@code options.with(o -> o.batchSize = 4)}. */
    public TrainingOptions with(Consumer<Changes> change) {
        Changes changes = new Changes(this);
        change.accept(changes);
        return changes.options();
    }

    /** The options while {@link #with} changes them; each field is the component of its name. */
    public static final class Changes {
        public OptimizerKind optimizer;
        public double learningRate;
        public ScheduleKind schedule;
        public int warmupSteps;
        public double weightDecay;
        public boolean noDecay1d;
        public double adamBeta1;
        public double adamBeta2;
        public double adamEpsilon;
        public AdamW.StateKind optimizerStates;
        public AdamW.WeightKind adamwWeights;
        public double maxGradNorm;
        public double maxGradValue;
        public int batchSize;
        public int gradientAccumulationSteps;
        public int steps;
        public long seed;
        public boolean shuffle;
        public Precision precision;
        public Fp8WeightRounding fp8WeightRounding;
        public boolean fp8Activations;
        public boolean recomputeBlocks;
        public boolean keepOperands;
        public boolean graph;
        public int logSteps;
        public int saveSteps;
        public int keepCheckpoints;
        public int evalSteps;

        private Changes(TrainingOptions options) {
            optimizer = options.optimizer;
            learningRate = options.learningRate;
            schedule = options.schedule;
            warmupSteps = options.warmupSteps;
            weightDecay = options.weightDecay;
            noDecay1d = options.noDecay1d;
            adamBeta1 = options.adamBeta1;
            adamBeta2 = options.adamBeta2;
            adamEpsilon = options.adamEpsilon;
            optimizerStates = options.optimizerStates;
            adamwWeights = options.adamwWeights;
            maxGradNorm = options.maxGradNorm;
            maxGradValue = options.maxGradValue;
            batchSize = options.batchSize;
            gradientAccumulationSteps = options.gradientAccumulationSteps;
            steps = options.steps;
            seed = options.seed;
            shuffle = options.shuffle;
            precision = options.precision;
            fp8WeightRounding = options.fp8WeightRounding;
            fp8Activations = options.fp8Activations;
            recomputeBlocks = options.recomputeBlocks;
            keepOperands = options.keepOperands;
            graph = options.graph;
            logSteps = options.logSteps;
            saveSteps = options.saveSteps;
            keepCheckpoints = options.keepCheckpoints;
            evalSteps = options.evalSteps;
        }

        private TrainingOptions options() {
            return new TrainingOptions(
                    optimizer,
                    learningRate,
                    schedule,
                    warmupSteps,
                    weightDecay,
                    noDecay1d,
                    adamBeta1,
                    adamBeta2,
                    adamEpsilon,
                    optimizerStates,
                    adamwWeights,
                    maxGradNorm,
                    maxGradValue,
                    batchSize,
                    gradientAccumulationSteps,
                    steps,
                    seed,
                    shuffle,
                    precision,
                    fp8WeightRounding,
                    fp8Activations,
                    recomputeBlocks,
                    keepOperands,
                    graph,
                    logSteps,
                    saveSteps,
                    keepCheckpoints,
                    evalSteps);
        }
    }
}
