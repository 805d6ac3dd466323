package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What every update reads from device memory: learning rate, coefficient of the gradient, whether to write at all, and the step; and the loss, on which it depends. It
 * lies on the device so that a graph of a training step follows the schedule, and nothing has to be looked at in the middle of a step.
 */
public final class StepControl implements AutoCloseable {
    private static final int BYTES = 32;

    /**
     * What a step found.
     *
     * @param loss the sum of what {@link #addLoss} added; the first that was not finite
     * @param gradientNorm that {@link #clip} found
     * @param ok whether updates write
     */
    public record Findings(double loss, float gradientNorm, boolean ok) {}

    private final Tensor words;
    private final ByteBuffer host = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.nativeOrder());

    public StepControl(Device device) {
        words = device.arena(MemoryPurpose.WORKSPACE).empty(DType.F32, BYTES / 4);
        begin(1, 0);
    }

    /** {@link #begin(int, double, double)} with a loss that is not scaled. */
    public void begin(int step, double learningRate) {
        begin(step, learningRate, 1);
    }

    /** Sets step (from 1), learning rate and {@link #lossScale}; the coefficient becomes 1, the loss 0, and updates write. */
    public void begin(int step, double learningRate, double lossScale) {
        host.clear();
        host.putFloat((float) learningRate).putFloat(1).putFloat(0).putInt(1).putInt(step);
        host.putFloat((float) lossScale).putDouble(0).flip();
        words.copyFrom(host);
    }

    /** [1], F32: what the gradient of the loss is multiplied with. */
    public Tensor lossScale() {
        return words.rows(5, 6);
    }

    /** Adds to the loss; one that is not finite turns off all writing until {@link #begin}. */
    public void addLoss(Tensor loss) {
        Check.dtype("add_loss", "loss", loss, DType.F32);
        Check.count("add_loss", "loss", loss, 1);
        Status.check(Native.ottava_add_loss(words.device().stream(), words.address(), loss.address()));
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

    /** The step that {@link #begin} set; like all that follow it waits for the device. */
    public int step() {
        return read().getInt(16);
    }

    /** The learning rate that {@link #begin} set. */
    public float learningRate() {
        return read().getFloat(0);
    }

    /** The norm that {@link #clip} found. */
    public float gradientNorm() {
        return read().getFloat(8);
    }

    /** The coefficient that {@link #clip} chose. */
    public float coefficient() {
        return read().getFloat(4);
    }

    /** Whether updates write. */
    public boolean ok() {
        return read().getInt(12) != 0;
    }

    /** What the step found, in one copy from the device. */
    public Findings findings() {
        ByteBuffer found = read();
        return new Findings(found.getDouble(24), found.getFloat(8), found.getInt(12) != 0);
    }

    private ByteBuffer read() {
        words.copyTo(host.clear());
        return host;
    }

    long address() {
        return words.address();
    }

    @Override
    public void close() {
        words.close();
    }
}
