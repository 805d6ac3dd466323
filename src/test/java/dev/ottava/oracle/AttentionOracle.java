package dev.ottava.oracle;

/**
 * Causal grouped-query attention with the matrix of probabilities in memory. q and out are [batch, queryLength, heads, headDim], k and v [batch, capacity,
 * kvHeads, headDim], of which keyLength keys count.
 */
public record AttentionOracle(
        int batch, int heads, int kvHeads, int headDim, int queryLength, int keyLength, int capacity, double scale) {

    /** Whether query i of a head attends to key j, beside causality. */
    public interface Listed {
        boolean has(int b, int h, int i, int j);
    }

    private static final Listed ALL = (b, h, i, j) -> true;

    public double[] forward(double[] q, double[] k, double[] v) {
        return forward(q, k, v, ALL);
    }

    /** Over listed keys alone; zeros where a query has none. */
    public double[] forward(double[] q, double[] k, double[] v, Listed listed) {
        double[] out = new double[q.length];
        forEachRow((b, h, i) -> {
            double[] p = probabilities(q, k, b, h, i, listed);
            for (int j = 0; j < p.length; j++) {
                add(out, query(b, h, i), p[j], v, key(b, h, j));
            }
        });
        return out;
    }

    /** [batch, heads, queryLength] */
    public double[] logSumExp(double[] q, double[] k) {
        return logSumExp(q, k, ALL);
    }

    public double[] logSumExp(double[] q, double[] k, Listed listed) {
        double[] result = new double[batch * heads * queryLength];
        forEachRow((b, h, i) -> result[(b * heads + h) * queryLength + i] = logSumExp(scores(q, k, b, h, i, listed)));
        return result;
    }

    /** The gradients of q, k and v, by the derivative of the softmax: dS = P (dP - sum P dP). */
    public double[][] backward(double[] dOut, double[] q, double[] k, double[] v) {
        double[] dQ = new double[q.length];
        double[] dK = new double[k.length];
        double[] dV = new double[v.length];
        forEachRow((b, h, i) -> {
            double[] p = probabilities(q, k, b, h, i, ALL);
            double[] dP = new double[p.length];
            double mean = 0;
            for (int j = 0; j < p.length; j++) {
                dP[j] = dot(dOut, query(b, h, i), v, key(b, h, j));
                mean += p[j] * dP[j];
            }
            for (int j = 0; j < p.length; j++) {
                double dS = scale * p[j] * (dP[j] - mean);
                add(dQ, query(b, h, i), dS, k, key(b, h, j));
                add(dK, key(b, h, j), dS, q, query(b, h, i));
                add(dV, key(b, h, j), p[j], dOut, query(b, h, i));
            }
        });
        return new double[][] {dQ, dK, dV};
    }

    private interface Row {
        void accept(int b, int h, int i);
    }

    private void forEachRow(Row row) {
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                for (int i = 0; i < queryLength; i++) {
                    row.accept(b, h, i);
                }
            }
        }
    }

    private int query(int b, int h, int i) {
        return ((b * queryLength + i) * heads + h) * headDim;
    }

    private int key(int b, int h, int j) {
        return ((b * capacity + j) * kvHeads + h / (heads / kvHeads)) * headDim;
    }

    private double[] scores(double[] q, double[] k, int b, int h, int i, Listed listed) {
        double[] scores = new double[i + keyLength - queryLength + 1];
        for (int j = 0; j < scores.length; j++) {
            scores[j] =
                    listed.has(b, h, i, j) ? scale * dot(q, query(b, h, i), k, key(b, h, j)) : Double.NEGATIVE_INFINITY;
        }
        return scores;
    }

    public double[] probabilities(double[] q, double[] k, int b, int h, int i, Listed listed) {
        double[] p = scores(q, k, b, h, i, listed);
        double logSumExp = logSumExp(p);
        for (int j = 0; j < p.length; j++) {
            p[j] = p[j] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(p[j] - logSumExp);
        }
        return p;
    }

    private static double logSumExp(double[] x) {
        double largest = Double.NEGATIVE_INFINITY;
        for (double value : x) {
            largest = Math.max(largest, value);
        }
        if (largest == Double.NEGATIVE_INFINITY) {
            return largest;
        }
        double sum = 0;
        for (double value : x) {
            sum += Math.exp(value - largest);
        }
        return largest + Math.log(sum);
    }

    private double dot(double[] x, int xAt, double[] y, int yAt) {
        double sum = 0;
        for (int d = 0; d < headDim; d++) {
            sum += x[xAt + d] * y[yAt + d];
        }
        return sum;
    }

    private void add(double[] target, int targetAt, double factor, double[] x, int xAt) {
        for (int d = 0; d < headDim; d++) {
            target[targetAt + d] += factor * x[xAt + d];
        }
    }
}
