package dev.ottava.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.LomoRule;
import dev.ottava.kernel.Rounding;
import dev.ottava.kernel.StepControl;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The head in tiles of the vocabulary, the last one narrower, against the head at once. */
class TiledHeadTest {
    private static final int ROWS = 21;
    private static final int HIDDEN = 24;
    private static final int VOCABULARY = 300;
    private static final double SCALE = 0.05;

    private record Outcome(double loss, float[] dHidden, float[] dWeight, float sumSquares) {}

    private static float[] numbers(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    private static int[] targets() {
        int[] targets = new SplittableRandom(3).ints(ROWS, 0, VOCABULARY).toArray();
        targets[4] = -1;
        return targets;
    }

    /** What the head gives; {@code width} 0 is the head at once. {@code rounding} null asks for the gradient, otherwise dWeight is the weight after an update. */
    private static Outcome head(DType dtype, long width, Rounding rounding) {
        float[] dWeight = new float[VOCABULARY * HIDDEN];
        try (Device device = Device.open("cpu");
                Tensor w = device.empty(dtype, VOCABULARY, HIDDEN).copyFrom(numbers(1, VOCABULARY * HIDDEN));
                Tensor targets = device.tensor(targets(), ROWS);
                Tensor sum = device.empty(DType.F32, 1);
                Tensor scale = device.tensor(new float[] {(float) SCALE}, 1);
                Tensor squares = device.empty(DType.F32, 1);
                StepControl control = new StepControl(device);
                Tape tape = Tape.recording(device);
                Variable hidden = Tape.owning(device.empty(dtype, ROWS, HIDDEN).copyFrom(numbers(2, ROWS * HIDDEN)))) {
            control.begin(5, 3);
            Parameter weight = new Parameter("head", 7, w);
            LossOperation.Loss loss = null;
            if (width == 0) {
                loss = LossOperation.apply(tape, hidden, weight, targets, SCALE);
            } else {
                TiledHead.apply(tape, hidden, weight, targets, scale, width, sum);
            }
            GradientConsumer consumer = new GradientConsumer() {
                @Override
                public void accept(Parameter parameter, Tensor gradient) {
                    System.arraycopy(gradient.toFloats(), 0, dWeight, 0, dWeight.length);
                }

                @Override
                public GradientEpilogue epilogue(Parameter parameter) {
                    return rounding == null
                            ? null
                            : new GradientEpilogue.Update(new LomoRule(control, 0, 0, rounding, squares));
                }
            };
            double value = loss == null ? sum.toFloats()[0] : loss.sum();
            float[] before = w.toFloats();
            try (ParameterGradients gradients = ParameterGradients.consumedBy(device, consumer)) {
                tape.backward(gradients, true);
                if (rounding == null) {
                    assertArrayEquals(before, w.toFloats());
                }
            }
            // The backward pass keeps the gradient of nothing but a variable that an operation made.
            float[] dHidden = hidden.gradient().tensor().toFloats();
            hidden.gradient().release();
            if (loss != null) {
                loss.close();
            }
            return new Outcome(value, dHidden, rounding == null ? dWeight : w.toFloats(), squares.toFloats()[0]);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void tilesGiveWhatTheWholeGives(DType dtype) {
        Outcome whole = head(dtype, 0, null);
        Outcome tiled = head(dtype, 128, null);
        double rounding = dtype == DType.F32 ? 1e-6 : 0x1p-7;
        assertEquals(whole.loss, tiled.loss, 1e-6 * whole.loss);
        near(whole.dHidden, tiled.dHidden, rounding);
        near(whole.dWeight, tiled.dWeight, 1e-6);
    }

    /** Which tile a row is in makes no difference to its update, nor to its random bits. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void tilesAreUpdatedAsTheWholeIs(DType dtype) {
        Rounding rounding = new Rounding(dtype == DType.BF16, 9, 7);
        Outcome whole = head(dtype, VOCABULARY, rounding);
        Outcome tiled = head(dtype, 128, rounding);
        assertArrayEquals(whole.dHidden, head(dtype, VOCABULARY, null).dHidden, "before the weight changes");
        near(whole.dHidden, tiled.dHidden, dtype == DType.F32 ? 1e-6 : 0x1p-7);
        near(whole.dWeight, tiled.dWeight, dtype == DType.F32 ? 1e-6 : 1e-3);
        assertEquals(whole.sumSquares, tiled.sumSquares, 1e-5 * whole.sumSquares);
        double expected = 0;
        for (float each : head(dtype, 0, null).dWeight) {
            expected += (double) each * each;
        }
        assertEquals(expected, tiled.sumSquares, 1e-5 * expected);
    }

    private static void near(float[] expected, float[] actual, double tolerance) {
        double most = 0;
        for (float each : expected) {
            most = Math.max(most, Math.abs(each));
        }
        assertArrayEquals(expected, actual, (float) (tolerance * most));
    }
}
