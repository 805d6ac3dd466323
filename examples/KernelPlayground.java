import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.Gemm;
import dev.ottava.kernel.LomoUpdate;
import dev.ottava.kernel.RmsNorm;
import dev.ottava.kernel.Rounding;
import dev.ottava.kernel.StepControl;
import java.util.Arrays;

/** Kernels on Java arrays, one by one. */
public class KernelPlayground {
    public static void main(String[] args) {
        try (Device device = Device.open("cpu")) {
            normThenGemm(device);
            lomo(device);
            attention(device);
        }
    }

    /** How a layer of a language model begins: each row is normalised, then multiplied by a weight [out, in]. */
    private static void normThenGemm(Device device) {
        try (Tensor x = device.tensor(new float[] {3, 4, 0, 0, 1, 1, 1, 1}, 2, 4);
                Tensor ones = device.empty(DType.F32, 4).fill(1);
                Tensor inverseRms = device.empty(DType.F32, 2);
                Tensor normed = device.empty(DType.F32, 2, 4);
                Tensor weight = device.tensor(new float[] {1, 0, 0, 0, 0, 5, 0, 0, 1, 1, 1, 1}, 3, 4);
                Tensor y = device.empty(DType.F32, 2, 3)) {
            RmsNorm.forward(normed, inverseRms, x, ones, 0);
            System.out.println("rms norm: " + Arrays.toString(normed.toFloats()));
            Gemm.multiply(y, normed, weight);
            System.out.println("gemm: " + Arrays.toString(y.toFloats()));
        }
    }

    /** Steps of a hundredth of the distance between two BF16 numbers: lost to nearest even, kept on average. */
    private static void lomo(Device device) {
        for (Rounding rounding : new Rounding[] {Rounding.NEAREST, new Rounding(true, 42, 0)}) {
            try (Tensor weight = device.empty(DType.BF16, 1000).fill(1);
                    Tensor gradient = device.empty(DType.F32, 1000).fill(-1);
                    StepControl control = new StepControl(device)) {
                for (int step = 1; step <= 100; step++) {
                    control.begin(step, 0x1p-7 / 100);
                    LomoUpdate.apply(control, weight, gradient, 0, 0, rounding, null);
                }
                double mean = 0;
                for (float value : weight.toFloats()) {
                    mean += value / 1000;
                }
                System.out.printf("lomo, stochastic %b: 1 becomes %.5f%n", rounding.stochastic(), mean);
            }
        }
    }

    /** Two positions of one head: the keys are alike, so the second position takes the mean of the values. */
    private static void attention(Device device) {
        try (Tensor q = device.empty(DType.F32, 1, 2, 1, 16).fill(1);
                Tensor k = device.empty(DType.F32, 1, 2, 1, 16).fill(1);
                Tensor v = device.empty(DType.F32, 1, 2, 1, 16).fill(10);
                Tensor out = device.empty(DType.F32, 1, 2, 1, 16)) {
            v.view(2, 16).rows(1, 2).fill(20);
            Attention.forward(out, null, q, k, v, 2, 1 / Math.sqrt(16));
            float[] values = out.toFloats();
            System.out.printf("attention: position 0 sees %.2f, position 1 sees %.2f%n", values[0], values[16]);
        }
    }
}
