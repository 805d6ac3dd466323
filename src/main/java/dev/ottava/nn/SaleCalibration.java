package dev.ottava.nn;

/**
 * What {@link SaleCalibrator} found.
 *
 * @param thresholds a tau for each head
 * @param bound which error was bounded, and by what
 * @param errors the largest error that each head has with its tau, over all samples, [layers][heads]
 * @param keptFractions kept of causal blocks of all samples, [layers][heads]
 * @param samples how many
 * @param tokens of all samples
 */
public record SaleCalibration(
        SaleThresholds thresholds,
        SaleErrorBound bound,
        double[][] errors,
        double[][] keptFractions,
        int samples,
        long tokens) {}
