package dev.ottava.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdamWMoment;
import dev.ottava.kernel.AdamWUpdate;
import dev.ottava.kernel.Rounding;
import dev.ottava.kernel.StepControl;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Moments that the host makes FP8 are those that the device makes. */
class ExpandedMomentsTest {
    /** Groups of all kinds, and a last one of 45 elements. */
    private static float[] gradient() {
        SplittableRandom random = new SplittableRandom(31);
        float[] x = new float[128 * 40 + 45];
        for (int i = 0; i < x.length; i++) {
            int group = i / 128;
            double wide = Math.exp((group % 7) * random.nextGaussian());
            x[i] = switch (group % 10) {
                case 0 -> 0;
                case 1 -> -0.75f;
                case 2 -> i % 128 == 5 ? 3 : 0;
                default -> (float) (random.nextGaussian() * wide * 1e-4);
            };
        }
        return x;
    }

    @Test
    void theHostMakesTheDevicesCodes() {
        float[] values = gradient();
        try (Device device = Device.open("cpu");
                Tensor gradient = device.tensor(values, values.length);
                Tensor weight = device.empty(DType.F32, values.length).fill(0);
                Tensor first = device.empty(DType.E4M3, values.length).fill(0);
                Tensor second = device.empty(DType.E4M3, values.length).fill(0);
                Tensor firstGroups = device.empty(DType.F32, AdamWMoment.groupShape(values.length))
                        .fill(0);
                Tensor secondGroups = device.empty(DType.F32, AdamWMoment.groupShape(values.length))
                        .fill(0);
                StepControl control = new StepControl(device)) {
            control.begin(1, 0);
            AdamWUpdate.Target target = new AdamWUpdate.Target(
                    weight,
                    null,
                    gradient,
                    new AdamWMoment.Expanded(first, firstGroups),
                    new AdamWMoment.Expanded(second, secondGroups),
                    0,
                    Rounding.NEAREST,
                    null);
            // Without a memory, the first moment is the gradient and the second its square.
            AdamWUpdate.apply(control, List.of(target), new AdamWUpdate.Hyperparameters(0, 0, 1e-8), 0);
            float[] squares = new float[values.length];
            for (int i = 0; i < squares.length; i++) {
                squares[i] = values[i] * values[i];
            }
            assertMade(device, values, false, first, firstGroups);
            assertMade(device, squares, true, second, secondGroups);
        }
    }

    private static void assertMade(Device device, float[] x, boolean second, Tensor codes, Tensor groups) {
        try (Tensor values = device.tensor(x, x.length);
                Tensor host = device.empty(DType.E4M3, x.length);
                Tensor hostGroups = device.empty(DType.F32, AdamWMoment.groupShape(x.length));
                Tensor decoded = device.empty(DType.F32, x.length)) {
            ExpandedMoments.encode(host, hostGroups, values, second);
            assertArrayEquals(groups.toFloats(), hostGroups.toFloats(), "largest and exponent of each group");
            float[] expected = codes.toFloats();
            float[] actual = host.toFloats();
            for (int i = 0; i < x.length; i++) {
                // One code further at most: a sixteenth, or the smallest number.
                double step = Math.max(Math.abs(expected[i]) / 8, 1.0 / 512);
                assertEquals(expected[i], actual[i], step, "element " + i + " of " + x[i]);
            }
            ExpandedMoments.decode(decoded, host, hostGroups);
            float[] near = decoded.toFloats();
            float[] side = hostGroups.toFloats();
            for (int i = 0; i < x.length; i++) {
                double largest = side[2 * (i / 128)];
                double root = 1.0 / side[2 * (i / 128) + 1];
                double code = Math.abs(actual[i]);
                double spacing = Math.max(1.0 / 512, Math.scalb(1.0, Math.getExponent(code) - 3));
                double low = largest * Math.pow(Math.max(0, code - spacing) / 448, root);
                double high = largest * Math.pow((code + spacing) / 448, root) * (1 + 1e-6);
                String what = x[i] + " is stored as " + near[i];
                assertEquals(Math.signum(x[i]), Math.signum(near[i]), what);
                assertTrue(x[i] == 0 || low <= Math.abs(x[i]) && Math.abs(x[i]) <= high, what);
                assertTrue(x[i] == 0 || low <= Math.abs(near[i]) && Math.abs(near[i]) <= high, what);
            }
        }
    }
}
