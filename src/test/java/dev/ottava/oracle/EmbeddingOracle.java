package dev.ottava.oracle;

/** Rows of a table, and the gradient of the table. */
public final class EmbeddingOracle {
    private EmbeddingOracle() {}

    public static double[] forward(double[] weight, int[] ids, int hidden) {
        double[] out = new double[ids.length * hidden];
        for (int t = 0; t < ids.length; t++) {
            System.arraycopy(weight, ids[t] * hidden, out, t * hidden, hidden);
        }
        return out;
    }

    /** Adds to dWeight. */
    public static void backward(double[] dWeight, double[] dOut, int[] ids, int hidden) {
        for (int t = 0; t < ids.length; t++) {
            for (int j = 0; j < hidden; j++) {
                dWeight[ids[t] * hidden + j] += dOut[t * hidden + j];
            }
        }
    }
}
