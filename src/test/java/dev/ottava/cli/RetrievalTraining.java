package dev.ottava.cli;

import dev.ottava.core.Device;
import dev.ottava.hub.ModelFolder;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import dev.ottava.train.LearningRateSchedule;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingOptions.ScheduleKind;
import dev.ottava.train.TrainingStep;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Trains a small model on {@link RetrievalTask}, on rows that become longer as it learns: {@code RetrievalTraining FOLDER}. Prints a JSON line every 25 steps. The model
 * of each stage is kept in a folder of its own, from which a run that was stopped goes on; the last one's is {@code FOLDER/model}.
 */
final class RetrievalTraining {
    static final int SYMBOLS = 2048;

    /** Rows of that length and so many symbols, until the loss over 25 steps is below {@code until}, or for {@code steps}. */
    private record Stage(int length, int symbols, int rows, double learningRate, double until, int steps) {}

    private static final List<Stage> STAGES = List.of(
            new Stage(16, 64, 64, 0.0015, 0.05, 20_000),
            new Stage(32, 64, 32, 0.0015, 0.1, 4_000),
            new Stage(64, 64, 16, 0.0015, 0.1, 4_000),
            new Stage(128, SYMBOLS, 16, 0.0015, 0.1, 4_000),
            new Stage(256, SYMBOLS, 8, 0.001, 0.1, 1_000),
            new Stage(512, SYMBOLS, 4, 0.001, 0.1, 500),
            new Stage(1024, SYMBOLS, 2, 0.001, 0.05, 150),
            new Stage(2048, SYMBOLS, 2, 0.001, 0, 200));

    private static final int LOGGED = 25;
    private static final long SEED = 0;
    private static final double THETA = 1e8; // of slow rotations, so that a key far away is the same key

    private RetrievalTraining() {}

    private static LlamaConfig config(int symbols) {
        return new LlamaConfig(
                "llama",
                RetrievalTask.vocabSize(symbols),
                128,
                128,
                2,
                4,
                2,
                64,
                4096,
                1e-5,
                new RopeConfig(THETA, null),
                true,
                false,
                false,
                false,
                RetrievalTask.BOS_ID,
                -1);
    }

    private static TrainingOptions options(Stage stage, boolean last) {
        return TrainingOptions.defaults(OptimizerKind.ADAMW, stage.steps).with(o -> {
            o.learningRate = stage.learningRate;
            o.warmupSteps = 50;
            o.schedule = last ? ScheduleKind.LINEAR : ScheduleKind.CONSTANT;
            o.adamBeta2 = 0.98;
            o.maxGradNorm = 1;
            o.precision = Precision.BF16;
        });
    }

    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        Path before = null;
        try (Device device = Device.open("cpu")) {
            for (int i = 0; i < STAGES.size(); i++) {
                boolean last = i == STAGES.size() - 1;
                Path after = folder.resolve(last ? "model" : "stage-" + i);
                if (!Files.exists(after)) {
                    try (LlamaModel model =
                            LlamaModel.initialize(config(STAGES.get(i).symbols), device, Precision.BF16, SEED)) {
                        if (before != null) {
                            copy(before, model);
                        }
                        train(model, STAGES.get(i), options(STAGES.get(i), last));
                        ModelFolder.save(model, after, null);
                    }
                }
                before = after;
            }
        }
    }

    /** Takes the weights of a model of as many symbols or fewer; embeddings of new ones stay as they are. */
    private static void copy(Path folder, LlamaModel to) {
        try (LlamaModel from = ModelFolder.load(folder, to.device(), Precision.BF16)) {
            for (int i = 0; i < to.parameters().size(); i++) {
                to.parameters().get(i).set(0, from.parameters().get(i).weight());
            }
        }
        to.changed();
    }

    private static void train(LlamaModel model, Stage stage, TrainingOptions options) {
        long start = System.nanoTime();
        LearningRateSchedule schedule = new LearningRateSchedule(options);
        try (RetrievalTask task = new RetrievalTask(stage.length, stage.symbols, stage.length);
                TrainingStep step = new TrainingStep(model, options)) {
            double sum = 0;
            for (int number = 1; number <= stage.steps; number++) {
                sum += step.run(
                                List.of(task.batch((number - 1L) * stage.rows, stage.rows)),
                                number,
                                schedule.at(number))
                        .loss();
                if (number % LOGGED == 0) {
                    System.out.printf(
                            Locale.ROOT,
                            "{\"length\": %d, \"symbols\": %d, \"rows\": %d, \"step\": %d, \"loss\": %.4f, \"seconds\": %.0f}%n",
                            stage.length,
                            stage.symbols,
                            stage.rows,
                            number,
                            sum / LOGGED,
                            (System.nanoTime() - start) * 1e-9);
                    if (sum / LOGGED < stage.until) {
                        return;
                    }
                    sum = 0;
                }
            }
        }
    }
}
