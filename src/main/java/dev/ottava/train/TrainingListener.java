package dev.ottava.train;

import java.nio.file.Path;

/** Follows a run. All methods are called on the training thread. */
public interface TrainingListener {
    /** After every step, {@code logged} for those that go to metrics.jsonl. */
    default void onStep(StepMetrics metrics, boolean logged) {}

    /** Something about the run that its user should know, in one line. */
    default void onNotice(String line) {}

    /** After an evaluation at the end of a step. */
    default void onEvaluation(int step, double evalLoss) {}

    /** After a checkpoint is safe on disk. */
    default void onCheckpoint(int step, Path folder) {}
}
