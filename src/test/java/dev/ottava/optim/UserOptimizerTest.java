package dev.ottava.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.autograd.LossOperation;
import dev.ottava.autograd.Parameter;
import dev.ottava.autograd.ParameterGradients;
import dev.ottava.autograd.Tape;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.StepControl;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** An optimizer of one's own, written in Java on arrays, in place of those that come with Ottava. */
class UserOptimizerTest {
    /** Gradient descent. */
    private static final Optimizer DESCENT = (parameter, gradient, control, sumSquares) -> {
        float[] weight = parameter.weight().toFloats();
        float[] slope = gradient.toFloats();
        for (int i = 0; i < weight.length; i++) {
            weight[i] -= control.learningRate() * slope[i];
        }
        parameter.weight().copyFrom(weight);
        Elementwise.sumSquares(sumSquares, gradient);
    };

    private static final LlamaConfig CONFIG = new LlamaConfig(
            "llama", 31, 32, 48, 2, 2, 1, 16, 16, 1e-5, new RopeConfig(1e4, null), true, false, false, false, -1, -1);
    private static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
    private static final int[] TARGETS = {1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2};

    private record Run(double[] losses, double[] norms, Map<String, float[]> weights) {}

    /** Five steps: a training loop in full. */
    private static Run train(Optimizer optimizer) {
        int steps = 5;
        double[] losses = new double[steps];
        double[] norms = new double[steps];
        Map<String, float[]> weights = new TreeMap<>();
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(CONFIG, device, Precision.F32, 7);
                StepControl control = new StepControl(device);
                Tensor sums = device.empty(DType.F32, model.parameters().size());
                Tensor ids = device.tensor(IDS, IDS.length);
                Tensor targets = device.tensor(TARGETS, TARGETS.length)) {
            for (int step = 1; step <= steps; step++) {
                control.begin(step, 0.5);
                assertEquals(step, control.step());
                try (Tape tape = Tape.recording(device);
                        LossOperation.Loss loss = model.loss(tape, ids, targets, 1, 1.0 / TARGETS.length);
                        ParameterGradients gradients = ParameterGradients.consumedBy(
                                device, (p, g) -> optimizer.update(p, g, control, sum(sums, p)))) {
                    losses[step - 1] = loss.sum() / TARGETS.length;
                    loss.backward(gradients, false);
                }
                control.clip(sums, 0);
                norms[step - 1] = control.gradientNorm();
            }
            model.parameters().forEach(p -> weights.put(p.name(), p.weight().toFloats()));
        }
        return new Run(losses, norms, weights);
    }

    private static Tensor sum(Tensor sums, Parameter parameter) {
        return sums.rows(parameter.index(), parameter.index() + 1L);
    }

    @Test
    void trainsAsTheKernelOfTheSameRuleDoes() {
        Run own = train(DESCENT);
        Run lomo = train(new Lomo(new UpdateOptions(0, false, 0, 0)));
        assertTrue(own.losses[4] < own.losses[0] - 0.1, () -> own.losses[0] + " to " + own.losses[4]);
        assertArrayEquals(lomo.losses, own.losses, 1e-5);
        assertArrayEquals(lomo.norms, own.norms, 1e-4);
        lomo.weights.forEach((name, weight) -> assertArrayEquals(weight, own.weights.get(name), 1e-5f, name));
        assertEquals(Map.of(), DESCENT.state());
    }
}
