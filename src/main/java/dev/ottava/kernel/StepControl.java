package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/**
 * What every update reads from device memory: learning rate, coefficient of the gradient, whether to write at all, and the step. It lies on the device so that
 * a captured graph of a training step follows the schedule.
 */
public final class StepControl implements AutoCloseable {
    private static final int WORDS = 8;

    private final Tensor words;

    public StepControl(Device device) {
        words = device.arena(MemoryPurpose.WORKSPACE).empty(DType.I32, WORDS);
        begin(1, 0);
    }

    /** Sets step (from 1) and learning rate; the coefficient becomes 1, and updates write. */
    public void begin(int step, double learningRate) {
        words.copyFrom(Float.floatToIntBits((float) learningRate), Float.floatToIntBits(1f), 0, 1, step, 0, 0, 0);
    }

    /**
     * Computes the global norm from the tensors' sums of squares, and from it the coefficient min(1, maxNorm / (norm + 1e-6)); a norm that is not finite turns
     * off all writing until {@link #begin}.
     *
     * @param sumsOfSquares [tensors], F32
     * @param maxNorm 0 for no clipping: the coefficient stays 1
     */
    public void clip(Tensor sumsOfSquares, double maxNorm) {
        Check.dtype("clip_coefficient", "sumsOfSquares", sumsOfSquares, DType.F32);
        Status.check(Native.ottava_clip_coefficient(
                words.device().stream(), words.address(), sumsOfSquares.address(), sumsOfSquares.count(), maxNorm));
    }

    /** The step that {@link #begin} set. */
    public int step() {
        return words.toInts()[4];
    }

    /** The learning rate that {@link #begin} set. */
    public float learningRate() {
        return Float.intBitsToFloat(words.toInts()[0]);
    }

    /** The norm that {@link #clip} found. */
    public float gradientNorm() {
        return Float.intBitsToFloat(words.toInts()[2]);
    }

    /** The coefficient that {@link #clip} chose. */
    public float coefficient() {
        return Float.intBitsToFloat(words.toInts()[1]);
    }

    /** Whether updates write. */
    public boolean ok() {
        return words.toInts()[3] != 0;
    }

    long address() {
        return words.address();
    }

    @Override
    public void close() {
        words.close();
    }
}
