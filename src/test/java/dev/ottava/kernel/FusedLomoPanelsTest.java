package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** On cpu the product is taken in panels of rows: with oneDNN each is a product of its own, without it they have the bits of the whole. */
class FusedLomoPanelsTest {
    private static final int TOKENS = 24;
    private static final int OUT = 260;
    private static final int IN = 8200; // panels of 128 rows
    private static final int PANEL = 128;

    @Test
    void withOneDnn() {
        compare(true);
    }

    @Test
    void withoutOneDnn() {
        compare(false);
    }

    private static void compare(boolean oneDnn) {
        try (Device device = Device.open("cpu", 2, oneDnn);
                Workbench bench = new Workbench(device);
                StepControl control = new StepControl(device)) {
            control.begin(1, 0.01);
            Tensor dY = bench.of(DType.F32, gaussian(TOKENS * OUT), TOKENS, OUT);
            Tensor x = bench.of(DType.F32, gaussian(TOKENS * IN), TOKENS, IN);
            float[] zeros = new float[OUT * IN];
            Tensor fused = bench.of(DType.F32, zeros, OUT, IN);
            Tensor apart = bench.of(DType.F32, zeros, OUT, IN);
            Tensor gradient = bench.empty(DType.F32, OUT, IN);
            FusedLomo.apply(new LomoRule(control, 0.1, 0, Rounding.NEAREST, null), fused, 0, dY, x);
            if (oneDnn) {
                for (int row = 0; row < OUT; row += PANEL) {
                    panel(gradient, dY, x, row, Math.min(PANEL, OUT - row));
                }
            } else {
                Gemm.weightGradient(gradient, dY, x, false);
            }
            LomoUpdate.apply(control, apart, gradient, 0.1, 0, Rounding.NEAREST, null);
            assertEquals(-1, Workbench.bytes(fused).mismatch(Workbench.bytes(apart)));
        }
    }

    private static void panel(Tensor gradient, Tensor dY, Tensor x, int row, int rows) {
        int f32 = DType.F32.code();
        Status.check(Native.ottava_gemm(
                gradient.device().stream(),
                f32,
                gradient.address() + 4L * row * IN,
                IN,
                f32,
                dY.address() + 4L * row,
                OUT,
                1,
                x.address(),
                IN,
                1,
                0,
                rows,
                IN,
                TOKENS,
                0));
    }

    private static float[] gaussian(int count) {
        Random random = new Random(7);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
