package dev.ottava.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Scaling;
import org.junit.jupiter.api.Test;

/** A quantised gradient is the only one of its variable, whichever comes first: a second part would be lost without a word. */
class GradientTest {
    @Test
    void nothingIsAddedToAQuantizedGradient() {
        try (Device device = Device.open("cpu")) {
            Gradient gradient = new Gradient(device, DType.BF16, 3, 5);
            gradient.set(quantized(device));
            assertThrows(IllegalStateException.class, gradient::target);
            SharedTensor part = new SharedTensor(device.empty(DType.BF16, 3, 5));
            assertThrows(IllegalStateException.class, () -> gradient.add(part));
            part.release();
            gradient.release();
            assertEquals(0, device.memory().liveBytes());
        }
    }

    @Test
    void aQuantizedGradientDoesNotReplaceASum() {
        try (Device device = Device.open("cpu");
                QuantizedMatrix late = quantized(device)) {
            Gradient gradient = new Gradient(device, DType.BF16, 3, 5);
            gradient.target();
            assertThrows(IllegalStateException.class, () -> gradient.set(late));
            gradient.release();
        }
    }

    private static QuantizedMatrix quantized(Device device) {
        return QuantizedMatrix.empty(
                device.arena(MemoryPurpose.ACTIVATIONS), DType.E5M2, Scaling.BLOCKS_128, Layout.BOTH, 3, 5);
    }
}
