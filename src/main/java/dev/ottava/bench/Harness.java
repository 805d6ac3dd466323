package dev.ottava.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Times variants of one thing against each other, in turns, so that whatever else the machine does meets all of them. A
 * turn of a variant is a pause, runs that do not count until its threads are awake again, and runs that count. Who is
 * first changes from turn to turn. Turns go on until every median is known well enough, or the limit is reached.
 */
public final class Harness {
    private static final int FIRST_WARM_UP_RUNS = 3;

    /**
     * How long to measure.
     *
     * @param pauseSeconds before each turn of a variant
     * @param warmUpSeconds of runs that do not count, at the beginning of each turn of a variant; at least one run, three at first
     * @param turnSeconds after so much a turn ends; at least one run counts
     * @param runsPerTurn runs that count, at most
     * @param leastTurns however good the figures look; {@link Comparison} takes a turn as its unit
     * @param mostTurns however bad they look
     * @param uncertainty of the median at which to stop: {@link Samples#uncertainty}
     * @param limitSeconds of runs that count, after which no further turn begins
     */
    public record Plan(
            double pauseSeconds,
            double warmUpSeconds,
            double turnSeconds,
            int runsPerTurn,
            int leastTurns,
            int mostTurns,
            double uncertainty,
            double limitSeconds) {
        /** For a processor: a peer has threads of its own, which spin for a while and have to be woken up. */
        public static final Plan PROCESSOR = new Plan(0.05, 0.1, 0.25, 5, 10, 30, 0.01, 5);

        /** For a device with a queue, which nobody else uses. */
        public static final Plan ACCELERATOR = new Plan(0, 0.005, 0.25, 10, 10, 100, 0.005, 2);

        /** The same with so many turns, however well the medians are known then. */
        public Plan withTurns(int turns) {
            return new Plan(
                    pauseSeconds, warmUpSeconds, turnSeconds, runsPerTurn, turns, turns, uncertainty, limitSeconds);
        }
    }

    private final Clock clock;
    private final Plan plan;
    private double counted;

    public Harness(Clock clock, Plan plan) {
        this.clock = clock;
        this.plan = plan;
    }

    /**
     * Measures each variant.
     *
     * @param flush runs before every run, and is not timed: it empties the caches
     */
    public List<Samples> measure(List<Runnable> variants, Runnable flush) {
        int n = variants.size();
        List<Samples> samples = IntStream.range(0, n)
                .mapToObj(i -> new Samples(new ArrayList<>()))
                .toList();
        counted = 0;
        for (int turn = 0; turn < plan.leastTurns() || (turn < plan.mostTurns() && goesOn(samples)); turn++) {
            for (int i = 0; i < n; i++) {
                int variant = (turn + i) % n;
                if (turn == 0 || n > 1) {
                    wakeUp(variants.get(variant), flush, turn == 0 ? FIRST_WARM_UP_RUNS : 1);
                }
                samples.get(variant).turns().add(turn(variants.get(variant), flush));
            }
        }
        return samples;
    }

    private boolean goesOn(List<Samples> samples) {
        return counted < plan.limitSeconds()
                && samples.stream().anyMatch(each -> each.uncertainty() > plan.uncertainty());
    }

    private void wakeUp(Runnable variant, Runnable flush, int leastRuns) {
        clock.pause(plan.pauseSeconds());
        double warm = 0;
        for (int run = 0; run < leastRuns || warm < plan.warmUpSeconds(); run++) {
            flush.run();
            warm += clock.seconds(variant);
        }
    }

    private double[] turn(Runnable variant, Runnable flush) {
        List<Double> seconds = new ArrayList<>();
        double sum = 0;
        do {
            flush.run();
            double run = clock.seconds(variant);
            seconds.add(run);
            sum += run;
        } while (seconds.size() < plan.runsPerTurn() && sum < plan.turnSeconds());
        counted += sum;
        return seconds.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
