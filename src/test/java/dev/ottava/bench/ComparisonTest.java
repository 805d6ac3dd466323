package dev.ottava.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.bench.Comparison.Change;
import dev.ottava.bench.Comparison.Verdict;
import dev.ottava.core.InvalidArgumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;

/** What is planted is found, and nothing else. */
class ComparisonTest {
    /** A machine: noise of so much from run to run, and one run in twenty that is disturbed. */
    private static DoubleSupplier machine(SplittableRandom random, double seconds, double noise) {
        return () -> seconds * random.nextDouble(1 - noise, 1 + noise) * (random.nextInt(20) == 0 ? 5 : 1);
    }

    private static Change only(Result a, Result b) {
        List<Change> changes = Comparison.of(List.of(a), List.of(b)).changes();
        assertEquals(1, changes.size());
        return changes.get(0);
    }

    @Test
    void aPlantedSlowdownOfTwoIsReportedAsTwo() {
        SplittableRandom random = new SplittableRandom(1);
        Change slower =
                only(Results.alone("x", machine(random, 1e-3, 0.01)), Results.alone("x", machine(random, 2e-3, 0.01)));
        assertEquals(Verdict.SLOWER, slower.verdict());
        assertEquals(2, slower.times(), 0.02);
        Change faster =
                only(Results.alone("x", machine(random, 2e-3, 0.01)), Results.alone("x", machine(random, 1e-3, 0.01)));
        assertEquals(Verdict.FASTER, faster.verdict());
        assertEquals(0.5, faster.times(), 0.005);
        assertFalse(faster.byPeer());
    }

    /** The second run is on a machine that is 1.7 times as slow, for the peer too. */
    @Test
    void aSlowerMachineIsNoSlowdownAndHidesNone() {
        SplittableRandom random = new SplittableRandom(2);
        Result before = Results.besideCopy("x", machine(random, 1e-3, 0.01), machine(random, 4e-3, 0.01));
        Result same = Results.besideCopy("x", machine(random, 1.7e-3, 0.01), machine(random, 6.8e-3, 0.01));
        Result twice = Results.besideCopy("x", machine(random, 3.4e-3, 0.01), machine(random, 6.8e-3, 0.01));
        assertEquals(Verdict.NO_CHANGE, only(before, same).verdict());
        Change change = only(before, twice);
        assertTrue(change.byPeer());
        assertEquals(Verdict.SLOWER, change.verdict());
        assertEquals(2, change.times(), 0.02);
    }

    /** Drift by up to a third from run to run meets both variants of a turn: it leaves the ratio alone. */
    @Test
    void driftCancelsBetweenVariantsOfATurn() {
        SplittableRandom random = new SplittableRandom(3);
        double[] speed = {1};
        int[] calls = {0};
        DoubleSupplier drift = () -> {
            calls[0]++;
            speed[0] = 1 + 0.3 * Math.sin(calls[0] / 60.0);
            return speed[0] * random.nextDouble(0.999, 1.001);
        };
        Result before = Results.besideCopy("x", () -> 1e-3 * drift.getAsDouble(), () -> 1e-3 * drift.getAsDouble());
        Result after = Results.besideCopy("x", () -> 2e-3 * drift.getAsDouble(), () -> 1e-3 * drift.getAsDouble());
        assertEquals(2, only(before, after).times(), 0.02);
    }

    /** 200 comparisons of 8 cases in which nothing changed: stated is one false alarm in a hundred comparisons. */
    @Test
    void noiseIsNoChange() {
        SplittableRandom random = new SplittableRandom(4);
        int alarms = 0;
        for (int trial = 0; trial < 200; trial++) {
            List<Result> a = new ArrayList<>();
            List<Result> b = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                a.add(Results.alone("case " + i, machine(random, 1e-3, 0.1)));
                b.add(Results.alone("case " + i, machine(random, 1e-3, 0.1)));
            }
            boolean alarm =
                    Comparison.of(a, b).changes().stream().anyMatch(change -> change.verdict() != Verdict.NO_CHANGE);
            alarms += alarm ? 1 : 0;
        }
        // With a probability of 0.01 each, more than 6 of 200 come once in 200 seeds.
        assertTrue(alarms <= 6, alarms + " false alarms in 200 comparisons");
    }

    /** What is smaller than the noise of one run is found all the same, among cases in which nothing changed. */
    @Test
    void aSmallChangeAmongManyCasesIsFound() {
        SplittableRandom random = new SplittableRandom(5);
        int found = 0;
        for (int trial = 0; trial < 20; trial++) {
            List<Result> a = new ArrayList<>();
            List<Result> b = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                a.add(Results.alone("case " + i, machine(random, 1e-3, 0.05)));
                b.add(Results.alone("case " + i, machine(random, i == 7 ? 1.15e-3 : 1e-3, 0.05)));
            }
            List<String> changed = Comparison.of(a, b).changes().stream()
                    .filter(change -> change.verdict() != Verdict.NO_CHANGE)
                    .map(change -> change.b().name())
                    .toList();
            found += changed.equals(List.of("case 7")) ? 1 : 0;
        }
        assertTrue(found >= 18, found + " of 20");
    }

    @Test
    void lessThanOnePerCentIsNotClaimed() {
        Change change = only(Results.alone("x", () -> 1e-3), Results.alone("x", () -> 1.005e-3));
        assertTrue(change.probability() < 1e-4);
        assertEquals(Verdict.NO_CHANGE, change.verdict());
    }

    @Test
    void casesOfOneFileOnlyAreNamed() {
        Result x = Results.alone("x", () -> 1e-3);
        Result y = Results.alone("y", () -> 1e-3);
        Result z = Results.alone("z", () -> 1e-3);
        Comparison comparison = Comparison.of(List.of(x, y), List.of(y, z));
        assertEquals(List.of(x.key()), comparison.onlyInA());
        assertEquals(List.of(z.key()), comparison.onlyInB());
        assertEquals(1, comparison.changes().size());
        InvalidArgumentException twice =
                assertThrows(InvalidArgumentException.class, () -> Comparison.of(List.of(x, x), List.of(x)));
        assertTrue(twice.getMessage().contains("is there twice"), twice.getMessage());
    }

    @Test
    void probabilitiesOfRanks() {
        double[] low = {1, 2, 3, 4, 5};
        double[] high = {6, 7, 8, 9, 10};
        assertEquals(2.0 / 252, RankTest.probability(low, high), 1e-12);
        assertEquals(2.0 / 252, RankTest.probability(high, low), 1e-12);
        assertEquals(1, RankTest.probability(low, low), 1e-12);
        // Of the 20 arrangements of 3 and 3, two have U of 1 or less.
        assertEquals(0.2, RankTest.probability(new double[] {1, 2, 4}, new double[] {3, 5, 6}), 1e-12);
        // Many: the normal approximation, on both sides of the switch.
        double[] even = new double[30];
        double[] shifted = new double[30];
        double[] longer = new double[31];
        for (int i = 0; i < 31; i++) {
            longer[i] = i + 0.5 + 7;
            if (i < 30) {
                even[i] = i;
                shifted[i] = i + 0.5 + 7;
            }
        }
        double exact = RankTest.probability(even, shifted);
        double normal = RankTest.probability(even, longer);
        assertTrue(exact > 1e-4 && exact < 1e-2, "exact " + exact);
        assertTrue(normal > exact / 4 && normal < exact, "normal " + normal + ", exact " + exact);
    }
}
