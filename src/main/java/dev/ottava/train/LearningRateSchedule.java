package dev.ottava.train;

/**
 * The learning rate of each step. Step i of N warm-up steps uses peak · i / N. The peak is reached at step
 * max(1, N); from there linear and cosine (half a wave; Loshchilov and Hutter: SGDR, 2017) fall to 0 at the step after
 * the last, so that the last step still moves something.
 */
public final class LearningRateSchedule {
    private final TrainingOptions options;

    public LearningRateSchedule(TrainingOptions options) {
        this.options = options;
    }

    /** The learning rate of a step, counted from 1; after the last step that of the step after the last. */
    public double at(int step) {
        double peak = options.learningRate();
        if (step < options.warmupSteps()) {
            return peak * step / options.warmupSteps();
        }
        int peakStep = Math.max(1, options.warmupSteps());
        // The step after the last is never before the peak: a warm-up longer than the run just stops.
        double left = Math.max(0, options.steps() + 1.0 - step) / Math.max(1, options.steps() + 1.0 - peakStep);
        return switch (options.schedule()) {
            case CONSTANT -> peak;
            case LINEAR -> peak * Math.min(1, left);
            case COSINE -> peak * 0.5 * (1 - Math.cos(Math.PI * Math.min(1, left)));
        };
    }
}
