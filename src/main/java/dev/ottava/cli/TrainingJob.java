package dev.ottava.cli;

import dev.ottava.core.Device;
import dev.ottava.data.Datasets;
import dev.ottava.data.Progress;
import dev.ottava.hub.ModelFolder;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.train.RunFolder;
import dev.ottava.train.StepMetrics;
import dev.ottava.train.Trainer;
import dev.ottava.train.TrainingListener;
import dev.ottava.train.TrainingOptions;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;

/**
 * A run, from the options of train to a model and a report on disk. Everything that can be wrong is looked at before
 * anything large is allocated.
 */
final class TrainingJob {
    private final TrainArguments arguments;
    private final Terminal terminal;

    TrainingJob(TrainArguments arguments, Terminal terminal) {
        this.arguments = arguments;
        this.terminal = terminal;
    }

    /** Trains, and returns the folder with the model, metrics.jsonl and report.html. */
    Path run() {
        arguments.check();
        Path output = arguments.run.output();
        LlamaConfig config = arguments.model.config();
        try (Device device = arguments.device.open(terminal.err());
                ModelTokenizer tokenizer = ModelTokenizer.of(arguments.model.folder());
                Datasets.Split data = Datasets.open(
                        arguments.data.options(arguments.run.seed),
                        tokenizer.orNull(),
                        config.vocabSize(),
                        config.maxPositionEmbeddings(),
                        config.eosTokenId(),
                        Progress.NONE)) {
            Precision precision = arguments.device.precision(device);
            int steps = arguments.run.steps(data.train().rows());
            TrainingOptions options = arguments.options(precision, steps);
            MemoryFit.check(arguments, config, options, device);
            RunFolder folder = arguments.run.resume ? RunFolder.resume(output) : RunFolder.create(output);
            try (LlamaModel model = arguments.model.open(config, device, precision, arguments.run.seed);
                    Trainer trainer = new Trainer(model, data.train(), data.evalOrNull(), options, folder)) {
                announce(config, options, data, device);
                Failures.work(() -> {
                    trainer.run(listener(device, options, output));
                    ModelFolder.save(model, output, tokenizer.orNull(), arguments.run.saveDType());
                    writeReport(device, options, output);
                });
                terminal.out().println("model and report.html in " + output);
            }
        }
        return output;
    }

    private void announce(LlamaConfig config, TrainingOptions options, Datasets.Split data, Device device) {
        terminal.out()
                .printf(
                        "%s (%d layers of %d) with %s in %s on %s: %d steps of %d x %d tokens; %s tokens in %d"
                                + " sequences%n",
                        arguments.model.name(),
                        config.numHiddenLayers(),
                        config.hiddenSize(),
                        Choices.word(options.optimizer()),
                        Choices.Precision.text(options.precision()),
                        device.name(),
                        options.steps(),
                        options.batchSize() * options.gradientAccumulationSteps(),
                        arguments.data.seqLen(),
                        Format.count((double) data.train().tokens()),
                        data.train().rows());
    }

    private TrainingListener listener(Device device, TrainingOptions options, Path output) {
        ProgressLine progress = new ProgressLine(terminal, options.steps(), System::nanoTime);
        HostTime hostTime = new HostTime();
        return new TrainingListener() {
            @Override
            public void onStep(StepMetrics metrics, boolean logged) {
                progress.onStep(metrics, logged);
                hostTime.add(metrics);
                if (metrics.step() == options.steps()) {
                    progress.close();
                    hostTime.summary().ifPresent(progress::line);
                }
            }

            @Override
            public void onNotice(String line) {
                progress.onNotice(line);
            }

            @Override
            public void onEvaluation(int step, double evalLoss) {
                progress.onEvaluation(step, evalLoss);
            }

            @Override
            public void onCheckpoint(int step, Path folder) {
                progress.onCheckpoint(step, folder);
                writeReport(device, options, output);
            }
        };
    }

    private void writeReport(Device device, TrainingOptions options, Path output) {
        Map<String, String> values = arguments.describe();
        values.put("--steps", String.valueOf(options.steps()));
        values.put("--learning-rate", Format.plain(options.learningRate()));
        values.put("--precision", Choices.Precision.text(options.precision()));
        values.put("--weights", Choices.Weights.text(options.precision().weights()));
        values.put("--device", device.name());
        String title = arguments.model.name() + " trained with " + Choices.word(options.optimizer());
        String now =
                ZonedDateTime.now(ZoneId.systemDefault()).format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm z"));
        String remark = "Ottava " + Version.text() + " on " + device.name() + " (" + device.property("processor") + ", "
                + DeviceArguments.describe(device) + "), " + now;
        MetricsFile metrics = MetricsFile.read(output.resolve("metrics.jsonl"));
        new Report(title, remark, values, metrics, device.memory()).write(output.resolve("report.html"));
    }
}
