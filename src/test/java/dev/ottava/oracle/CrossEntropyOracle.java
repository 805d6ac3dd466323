package dev.ottava.oracle;

/** Cross-entropy of one row of logits; a negative target masks the row. */
public final class CrossEntropyOracle {
    private CrossEntropyOracle() {}

    public static double loss(double[] logits, int target) {
        return target < 0 ? 0 : logSumExp(logits) - logits[target];
    }

    public static double[] gradient(double[] logits, int target, double scale) {
        double[] gradient = new double[logits.length];
        if (target >= 0) {
            double normaliser = logSumExp(logits);
            for (int j = 0; j < logits.length; j++) {
                gradient[j] = (Math.exp(logits[j] - normaliser) - (j == target ? 1 : 0)) * scale;
            }
        }
        return gradient;
    }

    private static double logSumExp(double[] x) {
        double maximum = Double.NEGATIVE_INFINITY;
        for (double value : x) {
            maximum = Math.max(maximum, value);
        }
        double sum = 0;
        for (double value : x) {
            sum += Math.exp(value - maximum);
        }
        return maximum + Math.log(sum);
    }
}
