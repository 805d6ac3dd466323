package dev.ottava.oracle;

import java.util.Arrays;

/** Cross-entropy of one row of logits; a negative target masks the row. */
public final class CrossEntropyOracle {
    private CrossEntropyOracle() {}

    /** {@code logsumexp(logits) - logits[target]}, with the maximum taken out first. */
    public static double loss(double[] logits, int target) {
        if (target < 0) {
            return 0;
        }
        double maximum = Arrays.stream(logits).reduce(Double.NEGATIVE_INFINITY, Math::max);
        return Math.log(sum(logits, maximum)) + (maximum - logits[target]);
    }

    public static double[] gradient(double[] logits, int target, double scale) {
        double[] gradient = new double[logits.length];
        if (target >= 0) {
            double maximum = Arrays.stream(logits).reduce(Double.NEGATIVE_INFINITY, Math::max);
            double sum = sum(logits, maximum);
            for (int j = 0; j < logits.length; j++) {
                gradient[j] = (Math.exp(logits[j] - maximum) / sum - (j == target ? 1 : 0)) * scale;
            }
        }
        return gradient;
    }

    private static double sum(double[] logits, double maximum) {
        return Arrays.stream(logits).map(x -> Math.exp(x - maximum)).sum();
    }
}
