package dev.ottava.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Times variants of one thing against each other: each runs once a round, so that whatever else the machine does meets all of them.
 *
 * @param seconds of every round, sorted
 */
public record Timing(double[] seconds) {
    /** The median of each variant, in the order given. The first {@code warmUp} rounds do not count. */
    public static List<Timing> interleaved(int warmUp, int rounds, List<Runnable> variants) {
        double[][] seconds = new double[variants.size()][rounds];
        for (int round = -warmUp; round < rounds; round++) {
            for (int i = 0; i < variants.size(); i++) {
                long start = System.nanoTime();
                variants.get(i).run();
                double elapsed = (System.nanoTime() - start) / 1e9;
                if (round >= 0) {
                    seconds[i][round] = elapsed;
                }
            }
        }
        List<Timing> timings = new ArrayList<>();
        for (double[] each : seconds) {
            Arrays.sort(each);
            timings.add(new Timing(each));
        }
        return timings;
    }

    public double median() {
        int n = seconds.length;
        return n % 2 == 1 ? seconds[n / 2] : (seconds[n / 2 - 1] + seconds[n / 2]) / 2;
    }

    /** Half the distance between the quartiles, relative to the median. */
    public double spread() {
        int n = seconds.length;
        return (seconds[n * 3 / 4] - seconds[n / 4]) / 2 / median();
    }
}
