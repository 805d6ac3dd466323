package dev.ottava.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.bench.Harness.Plan;
import dev.ottava.core.Device;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The harness under a clock that is told what to show. */
class HarnessTest {
    private static final Runnable NO_FLUSH = () -> {};
    private final FakeClock clock = new FakeClock();

    private static Plan plan(int runs, int turns) {
        return new Plan(0.05, 0, 100, runs, turns, turns, 0.01, 0);
    }

    private List<Samples> measure(Plan plan, Runnable... variants) {
        return new Harness(clock, plan).measure(List.of(variants), NO_FLUSH);
    }

    @Test
    void everyVariantIsFirstInItsTurn() {
        Runnable a = clock.work("a", () -> 1);
        Runnable b = clock.work("b", () -> 1);
        Runnable c = clock.work("c", () -> 1);
        measure(plan(2, 3), a, b, c);
        // A pause, runs that warm up (three at first, then one), and two that count.
        String first = "pause a a a a a pause b b b b b pause c c c c c";
        String second = "pause b b b pause c c c pause a a a";
        String third = "pause c c c pause a a a pause b b b";
        assertEquals(first + " " + second + " " + third, String.join(" ", clock.log));
    }

    @Test
    void cachesAreFlushedBeforeEveryRunAndNobodyCountsIt() {
        Runnable a = clock.work("a", () -> 2);
        Runnable flush = clock.work("flush", () -> 1000);
        Samples samples =
                new Harness(clock, plan(2, 1)).measure(List.of(a), flush).get(0);
        assertEquals("pause flush a flush a flush a flush a flush a", String.join(" ", clock.log));
        assertArrayEquals(new double[] {2, 2}, samples.turns().get(0));
    }

    @Test
    void runsThatWarmUpDoNotCount() {
        int[] run = {0};
        Runnable cold = clock.work("a", () -> run[0]++ < 3 ? 50 : 1);
        // Slow whenever it was its neighbour's turn before: the first run after each switch.
        Runnable sleepy =
                clock.work("b", () -> clock.log.get(clock.log.size() - 2).equals("pause") ? 9 : 1);
        List<Samples> samples = measure(plan(4, 5), cold, sleepy);
        samples.forEach(each -> each.turns().forEach(turn -> assertArrayEquals(new double[] {1, 1, 1, 1}, turn)));
    }

    @Test
    void threadsWakeUpForAsLongAsThePlanSays() {
        Runnable a = clock.work("a", () -> 0.25);
        new Harness(clock, new Plan(0, 2, 100, 1, 1, 1, 0.01, 0)).measure(List.of(a), NO_FLUSH);
        assertEquals(1 + 8 + 1, clock.log.size(), "a pause, 2 seconds of 0.25, and one run that counts");
    }

    @Test
    void aTurnOfSlowRunsIsShort() {
        Runnable slow = clock.work("a", () -> 3);
        Samples samples = new Harness(clock, new Plan(0, 0, 0.25, 5, 10, 10, 0.01, 0))
                .measure(List.of(slow), NO_FLUSH)
                .get(0);
        assertEquals(10, samples.runs());
    }

    @Test
    void goesOnUntilTheMedianIsKnownOrTheLimitIsReached() {
        SplittableRandom random = new SplittableRandom(1);
        Plan patient = new Plan(0, 0, 100, 5, 10, 1000, 0.01, 1000);
        Samples quiet = measure(patient, clock.work("quiet", () -> 1)).get(0);
        assertEquals(50, quiet.runs());
        Samples noisy = measure(patient, clock.work("noisy", () -> random.nextDouble(0.9, 1.1)))
                .get(0);
        assertTrue(noisy.uncertainty() <= 0.01 && noisy.runs() > 50, noisy.runs() + " runs");
        Plan hasty = new Plan(0, 0, 100, 5, 10, 1000, 1e-9, 100);
        Samples cut = measure(hasty, clock.work("noisy", () -> random.nextDouble(0.9, 1.1)))
                .get(0);
        assertTrue(cut.runs() >= 95 && cut.runs() <= 115, cut.runs() + " runs of about a second, limit 100 s");
        Plan capped = new Plan(0, 0, 100, 5, 10, 12, 1e-9, 1000);
        assertEquals(
                60,
                measure(capped, clock.work("noisy", () -> random.nextDouble(0.9, 1.1)))
                        .get(0)
                        .runs());
    }

    @Test
    void outliersMoveNeitherMedianNorSpread() {
        SplittableRandom random = new SplittableRandom(2);
        Samples samples = measure(
                        plan(10, 10),
                        clock.work("a", () -> (random.nextInt(10) == 0 ? 20 : 1) * random.nextDouble(0.99, 1.01)))
                .get(0);
        assertEquals(1, samples.median(), 0.01);
        assertTrue(samples.spread() < 0.02, "spread " + samples.spread());
    }

    @Test
    void statisticsOfKnownNumbers() {
        Samples samples = new Samples(List.of(new double[] {5, 1, 3}, new double[] {2, 4, 6, 8, 7}));
        assertEquals(8, samples.runs());
        assertEquals(4.5, samples.median());
        assertEquals((7 - 3) / 2.0 / 4.5, samples.spread(), 1e-12);
        assertEquals((8 - 2) / 2.0 / 4.5, samples.uncertainty(), 1e-12); // between the second and the last
        assertArrayEquals(new double[] {3, 6}, samples.turnMedians());
        assertEquals(Double.POSITIVE_INFINITY, new Samples(List.of(new double[] {1, 1})).uncertainty());
    }

    /** The interval has the median in it as often as it says. */
    @Test
    void theIntervalCoversTheMedian() {
        SplittableRandom random = new SplittableRandom(3);
        int covered = 0;
        for (int trial = 0; trial < 1000; trial++) {
            double[] values = random.doubles(49).map(u -> -Math.log(u)).toArray(); // median ln 2, skew
            Samples samples = new Samples(List.of(values));
            Arrays.sort(values);
            double reach = 1.96 * Math.sqrt(49) / 2;
            double low = values[(int) Math.floor(24.5 - reach)];
            double high = values[(int) Math.ceil(24.5 + reach)];
            assertEquals((high - low) / 2 / values[24], samples.uncertainty(), 1e-12);
            covered += low <= Math.log(2) && Math.log(2) <= high ? 1 : 0;
        }
        assertTrue(covered >= 940, covered + " of 1000");
    }

    /** Both kinds of clock on the cpu device, whose events are those of the wall clock. */
    @Test
    void clocksOfADeviceSeeHowLongWorkTakes() {
        try (Device device = Device.open("cpu");
                Clock host = Clock.of(device);
                Clock events = new Clock.Events(device)) {
            assertTrue(host instanceof Clock.Host);
            for (Clock each : List.of(host, events)) {
                double seconds = each.seconds(() -> each.pause(0.02));
                assertTrue(seconds >= 0.02, each + " saw " + seconds);
            }
        }
    }
}
