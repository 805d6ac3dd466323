package dev.ottava.oracle;

/** Rotary position embedding of one head: element i turns with element i + headDim / 2. */
public final class RopeOracle {
    private RopeOracle() {}

    public static double[] rotate(double[] x, double[] cosine, double[] sine, boolean inverse) {
        int half = x.length / 2;
        double[] y = new double[x.length];
        for (int i = 0; i < half; i++) {
            double s = inverse ? -sine[i] : sine[i];
            y[i] = x[i] * cosine[i] - x[i + half] * s;
            y[i + half] = x[i + half] * cosine[i] + x[i] * s;
        }
        return y;
    }
}
