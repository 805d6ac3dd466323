package dev.ottava.bench;

import java.util.Arrays;
import java.util.List;

/**
 * Times of one variant, in the order they were taken.
 *
 * @param turns seconds of each run that counts, turn by turn
 */
public record Samples(List<double[]> turns) {
    private static final double NORMAL_97_5 = 1.96;

    /** Runs that count. */
    public int runs() {
        return turns.stream().mapToInt(turn -> turn.length).sum();
    }

    public double median() {
        return median(sorted());
    }

    /** Half the distance between the quartiles, relative to the median; NaN with fewer than 4 runs. */
    public double spread() {
        double[] seconds = sorted();
        int n = seconds.length;
        return n < 4 ? Double.NaN : (seconds[n * 3 / 4] - seconds[n / 4]) / 2 / median(seconds);
    }

    /**
     * How well the median is known: half the width of its 95 % interval, relative to it. The interval is that between two
     * order statistics, which needs no distribution; with fewer than 6 runs there is none.
     */
    public double uncertainty() {
        double[] seconds = sorted();
        int n = seconds.length;
        double reach = NORMAL_97_5 * Math.sqrt(n) / 2;
        int low = (int) Math.floor(n / 2.0 - reach);
        int high = (int) Math.ceil(n / 2.0 + reach);
        if (low < 0 || high >= n) {
            return n < 6 ? Double.POSITIVE_INFINITY : (seconds[n - 1] - seconds[0]) / 2 / median(seconds);
        }
        return (seconds[high] - seconds[low]) / 2 / median(seconds);
    }

    /** One median per turn: runs of one turn resemble each other, turns are as independent as can be had in one process. */
    public double[] turnMedians() {
        return turns.stream().mapToDouble(Samples::medianOf).toArray();
    }

    private double[] sorted() {
        double[] all = turns.stream().flatMapToDouble(Arrays::stream).toArray();
        Arrays.sort(all);
        return all;
    }

    static double medianOf(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return median(sorted);
    }

    private static double median(double[] sorted) {
        int n = sorted.length;
        return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    }
}
