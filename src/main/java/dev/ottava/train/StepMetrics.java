package dev.ottava.train;

/**
 * What a step reports.
 *
 * @param step from 1
 * @param loss before the update: the sum over unmasked targets divided by their number
 * @param gradNorm global norm before clipping
 * @param tokens unpadded, since the beginning of training
 * @param tokensPerSecond unpadded, since the last report
 * @param peakBytes highest device memory so far
 */
public record StepMetrics(
        int step,
        double loss,
        double gradNorm,
        double learningRate,
        long tokens,
        double tokensPerSecond,
        long peakBytes) {}
