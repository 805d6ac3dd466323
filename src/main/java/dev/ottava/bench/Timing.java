package dev.ottava.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Times variants of one thing against each other, in turns, so that whatever else the machine does meets all of them. A
 * turn is a pause, in which the threads of the variant before stop spinning, runs that do not count until the variant's
 * own threads have woken up and spread over the processors, and some that count.
 *
 * @param seconds of every run that counts, sorted
 */
public record Timing(double[] seconds) {
    private static final int TURNS = 5;
    private static final long PAUSE_NANOSECONDS = 50_000_000;
    private static final long WAKE_UP_NANOSECONDS = 250_000_000;

    /** Each variant in the order given, timed {@code runs} times in all (a multiple of 5). */
    public static List<Timing> interleaved(int runs, List<Runnable> variants) {
        double[][] seconds = new double[variants.size()][runs];
        for (int turn = 0; turn < TURNS; turn++) {
            for (int i = 0; i < variants.size(); i++) {
                LockSupport.parkNanos(PAUSE_NANOSECONDS);
                for (long begin = System.nanoTime(); System.nanoTime() - begin < WAKE_UP_NANOSECONDS; ) {
                    variants.get(i).run();
                }
                for (int run = turn * runs / TURNS; run < (turn + 1) * runs / TURNS; run++) {
                    seconds[i][run] = time(variants.get(i));
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

    /** One thing alone, timed {@code runs} times after {@code warmUp} runs that do not count. */
    public static Timing alone(int warmUp, int runs, Runnable variant) {
        double[] seconds = new double[runs];
        for (int run = -warmUp; run < runs; run++) {
            double elapsed = time(variant);
            if (run >= 0) {
                seconds[run] = elapsed;
            }
        }
        Arrays.sort(seconds);
        return new Timing(seconds);
    }

    private static double time(Runnable variant) {
        long start = System.nanoTime();
        variant.run();
        return (System.nanoTime() - start) / 1e9;
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
