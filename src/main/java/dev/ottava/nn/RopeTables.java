package dev.ottava.nn;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Rope;

/**
 * Cosines and sines of rotary position embedding, [positions, headDim / 2], F32, computed in double.
 *
 * <p>Frequency i is {@code theta^(-2i / headDim)}. Llama 3.1's scaling divides the low ones by its factor: with wavelength λ = 2π / frequency, those of λ
 * above original / lowFrequencyFactor are divided, those below original / highFrequencyFactor are kept, and in between the two are mixed in proportion s =
 * (original / λ - low) / (high - low).
 */
final class RopeTables implements AutoCloseable {
    private final Device device;
    private final double[] frequencies;
    private final int maxPositions;
    private Tensor cosine;
    private Tensor sine;

    RopeTables(Device device, LlamaConfig config) {
        this.device = device;
        this.frequencies = frequencies(config.rope(), config.headDim());
        this.maxPositions = config.maxPositionEmbeddings();
    }

    static double[] frequencies(RopeConfig rope, int headDim) {
        double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double frequency = Math.pow(rope.theta(), -2.0 * i / headDim);
            frequencies[i] = rope.llama3() == null ? frequency : scaled(frequency, rope.llama3());
        }
        return frequencies;
    }

    private static double scaled(double frequency, RopeConfig.Llama3Scaling scaling) {
        double turns = scaling.originalMaxPositions() * frequency / (2 * Math.PI);
        if (turns < scaling.lowFrequencyFactor()) {
            return frequency / scaling.factor();
        }
        if (turns > scaling.highFrequencyFactor()) {
            return frequency;
        }
        double smooth =
                (turns - scaling.lowFrequencyFactor()) / (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
        return (1 - smooth) * frequency / scaling.factor() + smooth * frequency;
    }

    /** Makes the tables at least so many positions long; they grow by doubling, up to the model's positions. */
    void ensure(long positions) {
        if (cosine != null && cosine.size(0) >= positions) {
            return;
        }
        int rows = (int) Math.min(maxPositions, Math.max(positions, cosine == null ? 0 : 2 * cosine.size(0)));
        close();
        float[] cosines = new float[rows * frequencies.length];
        float[] sines = new float[rows * frequencies.length];
        for (int position = 0; position < rows; position++) {
            for (int i = 0; i < frequencies.length; i++) {
                cosines[position * frequencies.length + i] = (float) Math.cos(position * frequencies[i]);
                sines[position * frequencies.length + i] = (float) Math.sin(position * frequencies[i]);
            }
        }
        cosine = device.arena(MemoryPurpose.WORKSPACE)
                .empty(DType.F32, rows, frequencies.length)
                .copyFrom(cosines);
        sine = device.arena(MemoryPurpose.WORKSPACE)
                .empty(DType.F32, rows, frequencies.length)
                .copyFrom(sines);
    }

    /**
     * Rotates rows at positions from {@code first} on, in place.
     *
     * @param x [rows, heads · headDim]
     */
    void rotate(Tensor x, long first) {
        long headDim = 2L * frequencies.length;
        Tensor heads = x.view(x.size(0), x.size(1) / headDim, headDim);
        Rope.apply(heads, cosine, sine, x.size(0), first, false);
    }

    Tensor cosine() {
        return cosine;
    }

    Tensor sine() {
        return sine;
    }

    @Override
    public void close() {
        if (cosine != null) {
            cosine.close();
            sine.close();
            cosine = null;
        }
    }
}
