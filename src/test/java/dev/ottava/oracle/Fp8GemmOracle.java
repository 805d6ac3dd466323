package dev.ottava.oracle;

/**
 * Products of quantised matrices by their definition: sums over K-blocks of 128, each times its two scales.
 *
 * @param product [m, n]
 * @param magnitude the same sums of magnitudes, which rounding errors are relative to
 */
public record Fp8GemmOracle(double[] product, double[] magnitude) {
    private static final int K_BLOCK = 128;

    /** What a row's K-block is multiplied by. */
    public interface Scales {
        double of(int row, int kBlock);
    }

    /** Of A [m, k] and B [n, k], both what their codes mean. */
    public static Fp8GemmOracle of(double[] a, Scales aScales, double[] b, Scales bScales, int m, int n, int k) {
        double[] product = new double[m * n];
        double[] magnitude = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int first = 0; first < k; first += K_BLOCK) {
                    double sum = 0;
                    double sumOfMagnitudes = 0;
                    for (int l = first; l < Math.min(k, first + K_BLOCK); l++) {
                        double term = a[i * k + l] * b[j * k + l];
                        sum += term;
                        sumOfMagnitudes += Math.abs(term);
                    }
                    double scale = aScales.of(i, first / K_BLOCK) * bScales.of(j, first / K_BLOCK);
                    product[i * n + j] += scale * sum;
                    magnitude[i * n + j] += scale * sumOfMagnitudes;
                }
            }
        }
        return new Fp8GemmOracle(product, magnitude);
    }

    /**
     * How far sums in F32 may be off: each of the additions of a K-block and over the blocks rounds what it has by at most half a unit in the last place, of
     * the sum of magnitudes at the most.
     */
    public double bound(int index, int k) {
        int roundings = Math.min(k, K_BLOCK) + (k + K_BLOCK - 1) / K_BLOCK + 4;
        return roundings * 0x1p-24 * magnitude[index];
    }
}
