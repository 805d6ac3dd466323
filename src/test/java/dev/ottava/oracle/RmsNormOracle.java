package dev.ottava.oracle;

/** Root mean square normalisation of one row, and its gradients. */
public final class RmsNormOracle {
    private RmsNormOracle() {}

    public static double inverseRms(double[] x, double epsilon) {
        double sum = 0;
        for (double value : x) {
            sum += value * value;
        }
        return 1 / Math.sqrt(sum / x.length + epsilon);
    }

    public static double[] forward(double[] x, double[] weight, double epsilon) {
        double r = inverseRms(x, epsilon);
        double[] y = new double[x.length];
        for (int j = 0; j < x.length; j++) {
            y[j] = x[j] * r * weight[j];
        }
        return y;
    }

    public static double[] inputGradient(double[] dY, double[] x, double[] weight, double r) {
        double mean = 0;
        for (int j = 0; j < x.length; j++) {
            mean += dY[j] * weight[j] * x[j] / x.length;
        }
        double[] dX = new double[x.length];
        for (int j = 0; j < x.length; j++) {
            dX[j] = r * dY[j] * weight[j] - r * r * r * mean * x[j];
        }
        return dX;
    }

    /** This row's part of the gradient of the weight. */
    public static double[] weightGradient(double[] dY, double[] x, double r) {
        double[] dWeight = new double[x.length];
        for (int j = 0; j < x.length; j++) {
            dWeight[j] = dY[j] * x[j] * r;
        }
        return dWeight;
    }
}
