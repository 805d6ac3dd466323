package dev.ottava.bench;

import java.util.Arrays;

/**
 * The two-sided rank-sum test (Mann and Whitney, 1947): how probable it is that two samples differ at least so much in their ranks if nothing
 * differs. It asks nothing of the distribution, so outliers and two humps do no harm.
 */
final class RankTest {
    private static final int LARGEST_EXACT = 60;

    private RankTest() {}

    static double probability(double[] a, double[] b) {
        int m = a.length;
        int n = b.length;
        double u = 0;
        for (double x : a) {
            for (double y : b) {
                u += x > y ? 1 : x == y ? 0.5 : 0;
            }
        }
        double smaller = Math.min(u, (double) m * n - u);
        return Math.min(1, 2 * (m + n <= LARGEST_EXACT ? exact(m, n, smaller) : normal(m, n, smaller)));
    }

    /** P(U ≤ u) by counting: the arrangements of m and n things in which u pairs are in the wrong order. */
    private static double exact(int m, int n, double u) {
        double[][] counts = new double[n + 1][m * n + 1]; // for the first i of a, over the number of b
        for (double[] row : counts) {
            row[0] = 1;
        }
        for (int i = 1; i <= m; i++) {
            for (int j = 1; j <= n; j++) {
                // The largest is of b, which adds nothing, or of a, which stands above all j of b.
                double[] row = counts[j];
                for (int k = row.length - 1; k >= 0; k--) {
                    row[k] = counts[j - 1][k] + (k >= j ? row[k - j] : 0);
                }
            }
        }
        double[] last = counts[n];
        double all = Arrays.stream(last).sum();
        double below = 0;
        for (int k = 0; k <= u; k++) {
            below += last[k];
        }
        return below / all;
    }

    private static double normal(int m, int n, double u) {
        double z = (u + 0.5 - m * n / 2.0) / Math.sqrt(m * (double) n * (m + n + 1) / 12);
        return 0.5 * errorFunctionComplement(-z / Math.sqrt(2));
    }

    /** erfc, within 1.5e-7 (Abramowitz and Stegun, 7.1.26). */
    private static double errorFunctionComplement(double x) {
        double t = 1 / (1 + 0.3275911 * Math.abs(x));
        double sum = 0;
        for (double coefficient : new double[] {1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592}) {
            sum = (sum + coefficient) * t;
        }
        double value = sum * Math.exp(-x * x);
        return x >= 0 ? value : 2 - value;
    }
}
