package dev.ottava.oracle;

/** Matrix products by their definition. */
public final class GemmOracle {
    private GemmOracle() {}

    /** {@code sum_k A[i, k] B[j, k]} of A [m, k] and B [n, k]; a transposed operand lies as [k, m] or [k, n]. */
    public static double[] product(
            double[] a, boolean aTransposed, double[] b, boolean bTransposed, int m, int n, int k) {
        double[] d = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int l = 0; l < k; l++) {
                    d[i * n + j] += a[aTransposed ? l * m + i : i * k + l] * b[bTransposed ? l * n + j : j * k + l];
                }
            }
        }
        return d;
    }
}
