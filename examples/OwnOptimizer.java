import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.data.DataOptions;
import dev.ottava.data.Dataset;
import dev.ottava.data.Datasets;
import dev.ottava.hub.ModelFolder;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.StepControl;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.optim.Optimizer;
import dev.ottava.train.RunFolder;
import dev.ottava.train.StepMetrics;
import dev.ottava.train.Trainer;
import dev.ottava.train.TrainingListener;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Trains with an optimizer of one's own, descent with momentum, and goes on where a run stopped: OwnOptimizer MODEL DATA OUTPUT STEPS. */
public class OwnOptimizer {
    /** A velocity for each parameter, by the parameter's name; checkpoints hold what {@code state()} returns. */
    record Momentum(Map<String, Tensor> state) implements Optimizer {
        @Override
        public void update(Parameter parameter, Tensor gradient, StepControl control, Tensor sumSquares) {
            float rate = control.learningRate();
            float clipped = control.coefficient();
            float[] weight = parameter.weight().toFloats();
            float[] velocity = state.get(parameter.name()).toFloats();
            float[] slope = gradient.toFloats();
            for (int i = 0; i < weight.length; i++) {
                velocity[i] = 0.9f * velocity[i] + clipped * slope[i];
                weight[i] -= rate * velocity[i];
            }
            parameter.weight().copyFrom(weight);
            state.get(parameter.name()).copyFrom(velocity);
            Elementwise.sumSquares(sumSquares, gradient);
        }

        @Override
        public void close() {
            state.values().forEach(Tensor::close);
        }
    }

    public static void main(String[] args) {
        DataOptions file = DataOptions.shuffled(List.of(Path.of(args[1])), 48, 0); // rows of 48 tokens, seed 0
        try (Device device = Device.open("cpu");
                LlamaModel model = ModelFolder.load(Path.of(args[0]), device, Precision.F32);
                Dataset data = Datasets.open(file, null, model.config()).train()) {
            Map<String, Tensor> velocities = new TreeMap<>();
            for (Parameter parameter : model.parameters()) {
                Tensor zero = device.arena(MemoryPurpose.OPTIMIZER_STATE)
                        .zeros(DType.F32, parameter.weight().shape());
                velocities.put(parameter.name(), zero);
            }
            TrainingOptions options = TrainingOptions.defaults(OptimizerKind.LOMO, Integer.parseInt(args[3]))
                    .with(o -> {
                        o.batchSize = 2;
                        o.maxGradNorm = 1;
                        o.saveSteps = 2;
                    });
            Optimizer momentum = new Momentum(velocities);
            RunFolder folder = RunFolder.resume(Path.of(args[2]));
            try (Trainer trainer = new Trainer(model, data, null, options, momentum, folder)) {
                trainer.run(new TrainingListener() {
                    @Override
                    public void onStep(StepMetrics step, boolean logged) {
                        System.out.printf("step %d: loss %.9f%n", step.step(), step.loss());
                    }
                });
            }
        }
    }
}
