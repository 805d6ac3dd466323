package example;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Gemm;
import java.util.Arrays;

/** A matrix times its transpose. */
public class Kernels {
    public static void main(String[] args) {
        try (Device device = Device.open("cpu");
                Tensor x = device.tensor(new float[] {1, 2, 3, 4}, 2, 2);
                Tensor y = device.empty(DType.F32, 2, 2)) {
            Gemm.multiply(y, x, x);
            System.out.println("kernel: " + Arrays.toString(y.toFloats()) + " by " + device.property("matmul"));
        }
    }
}
