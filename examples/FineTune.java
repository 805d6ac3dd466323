import dev.ottava.core.Device;
import dev.ottava.data.DataOptions;
import dev.ottava.data.Dataset;
import dev.ottava.data.Datasets;
import dev.ottava.hub.ModelFolder;
import dev.ottava.hub.Tokenizer;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.train.StepMetrics;
import dev.ottava.train.Trainer;
import dev.ottava.train.TrainingListener;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import java.nio.file.Path;
import java.util.List;

/** Trains all parameters of a Llama or Qwen2, three times over a .txt or .jsonl file: FineTune MODEL DATA OUTPUT. */
public class FineTune {
    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        DataOptions file = DataOptions.shuffled(List.of(Path.of(args[1])), 128, 0); // rows of 128 tokens, seed 0
        try (Device device = Device.open("cpu");
                LlamaModel model = ModelFolder.load(folder, device, Precision.natural(device));
                Tokenizer tokenizer = ModelFolder.tokenizer(folder).orElse(null); // a file of token ids needs none
                Dataset data = Datasets.open(file, tokenizer, model.config()).train()) {
            TrainingOptions options = TrainingOptions.defaults(OptimizerKind.LOMO, (3 * data.rows() + 3) / 4)
                    .with(o -> o.batchSize = 4);
            try (Trainer trainer = new Trainer(model, data, null, options, null)) {
                trainer.run(new TrainingListener() {
                    @Override
                    public void onStep(StepMetrics step, boolean logged) {
                        System.out.printf("step %d of %d: loss %.4f%n", step.step(), options.steps(), step.loss());
                    }
                });
            }
            ModelFolder.save(model, Path.of(args[2]), tokenizer);
        }
    }
}
