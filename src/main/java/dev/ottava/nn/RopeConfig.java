package dev.ottava.nn;

/**
 * Rotary position embedding of a model.
 *
 * @param theta the base of the frequencies
 * @param llama3 the scaling of Llama 3.1 and later, or null for none
 */
public record RopeConfig(double theta, Llama3Scaling llama3) {
    /**
     * Low frequencies are divided by {@code factor}, high ones kept, those between interpolated.
     *
     * @param factor by which the context is longer than the original one
     * @param lowFrequencyFactor wavelengths above originalMaxPositions / this are divided
     * @param highFrequencyFactor wavelengths below originalMaxPositions / this are kept
     * @param originalMaxPositions positions of the model before it was extended
     */
    public record Llama3Scaling(
            double factor, double lowFrequencyFactor, double highFrequencyFactor, long originalMaxPositions) {}
}
