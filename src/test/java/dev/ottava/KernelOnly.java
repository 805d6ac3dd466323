package dev.ottava;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.data.Batch;
import dev.ottava.kernel.Gemm;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingStep;
import java.util.Arrays;
import java.util.List;

/** What works with nothing but Ottava, its natives and JavaCPP on the class path: kernels, and a training step of a model. */
final class KernelOnly {
    private KernelOnly() {}

    public static void main(String[] args) {
        try (Device device = Device.open("cpu")) {
            System.out.println("matmul: " + device.property("matmul"));
            try (Tensor a = device.tensor(new float[] {1, 2, 3, 4}, 2, 2);
                    Tensor d = device.empty(DType.F32, 2, 2)) {
                Gemm.multiply(d, a, a);
                System.out.println("product: " + Arrays.toString(d.toFloats()));
            }
            train(device);
        }
    }

    /** Two steps on one batch of as many of each id: the first loss is that of a uniform guess, the second is less. */
    private static void train(Device device) {
        LlamaConfig config = new LlamaConfig(
                "llama",
                8,
                16,
                32,
                1,
                1,
                1,
                16,
                8,
                1e-5,
                new RopeConfig(1e4, null),
                false,
                false,
                false,
                false,
                -1,
                -1);
        Batch batch = new Batch(1, 8, new int[] {0, 1, 2, 3, 4, 5, 6, 7}, new int[] {1, 2, 3, 4, 5, 6, 7, 0}, 8, 8);
        TrainingOptions options = TrainingOptions.defaults(OptimizerKind.LOMO, 2);
        try (LlamaModel model = LlamaModel.initialize(config, device, Precision.F32, 1);
                TrainingStep step = new TrainingStep(model, options)) {
            for (int i = 1; i <= 2; i++) {
                System.out.println("loss: " + step.run(List.of(batch), i, 0.5).loss());
            }
        }
    }
}
