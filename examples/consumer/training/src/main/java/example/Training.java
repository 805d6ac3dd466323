package example;

import dev.ottava.core.Device;
import dev.ottava.data.DataOptions;
import dev.ottava.data.Dataset;
import dev.ottava.data.Datasets;
import dev.ottava.hub.ModelFolder;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import dev.ottava.train.StepMetrics;
import dev.ottava.train.Trainer;
import dev.ottava.train.TrainingListener;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Three steps of LOMO on a Llama of one layer, saved as Hugging Face's libraries read it, and loaded again. */
public class Training {
    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory("training");
        Path rows = folder.resolve("rows.jsonl");
        Files.writeString(rows, "{\"input_ids\": [0, 1, 2, 3, 4, 5, 6, 7]}\n".repeat(12));
        RopeConfig rope = new RopeConfig(1e4, null);
        LlamaConfig config =
                new LlamaConfig("llama", 8, 16, 32, 1, 1, 1, 16, 8, 1e-5, rope, false, false, false, false, -1, -1);
        DataOptions shuffled = DataOptions.shuffled(List.of(rows), 8, 0);
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(config, device, Precision.F32, 1);
                Dataset data = Datasets.open(shuffled, null, config).train()) {
            System.out.println("matrix products by " + device.property("matmul"));
            TrainingOptions options = TrainingOptions.defaults(OptimizerKind.LOMO, 3)
                    .with(o -> {
                        o.batchSize = 4;
                        o.learningRate = 0.5;
                    });
            try (Trainer trainer = new Trainer(model, data, null, options, null)) {
                trainer.run(new TrainingListener() {
                    @Override
                    public void onStep(StepMetrics step, boolean logged) {
                        System.out.printf("step %d: loss %.3f%n", step.step(), step.loss());
                    }
                });
            }
            Path tuned = folder.resolve("tuned");
            ModelFolder.save(model, tuned, null);
            ModelFolder.load(tuned, device, Precision.F32).close();
            System.out.println("saved: " + tuned);
        }
    }
}
