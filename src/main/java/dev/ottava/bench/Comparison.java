package dev.ottava.bench;

import dev.ottava.core.InvalidArgumentException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What changed from one file of results to another, beyond noise.
 *
 * <p>A change is claimed if {@link RankTest} over the turns' medians finds it, at a level that is shared out among the cases of a comparison
 * (Holm, 1979): where nothing changed, at most one comparison in a hundred claims that anything did. Below 1 % nothing is claimed, because
 * where memory happens to lie makes as much from process to process. Where both files have the same peer, the ratio to it is compared:
 * a machine that is slower today is slower for both.
 *
 * @param changes of the cases that both files have, in the order of the second
 * @param onlyInA keys of cases
 * @param onlyInB keys of cases
 */
public record Comparison(List<Change> changes, List<String> onlyInA, List<String> onlyInB) {
    private static final double FALSE_ALARMS = 0.01;
    private static final double LEAST_CHANGE = 0.01;

    /** Whether a case is faster. */
    public enum Verdict {
        NO_CHANGE,
        FASTER,
        SLOWER
    }

    /**
     * Of one case.
     *
     * @param times how many times as long B takes
     * @param byPeer whether as a multiple of the peer's time in the same turns
     * @param probability of as much from noise alone
     */
    public record Change(Result a, Result b, double times, boolean byPeer, double probability, Verdict verdict) {}

    private record Measured(Result a, Result b, double times, boolean byPeer, double probability) {}

    /** Compares B with A. */
    public static Comparison of(List<Result> a, List<Result> b) {
        Map<String, Result> before = byKey(a);
        Map<String, Result> after = byKey(b);
        List<Measured> measured = new ArrayList<>();
        List<String> onlyInB = new ArrayList<>();
        after.forEach((key, result) -> {
            if (before.containsKey(key)) {
                measured.add(measure(before.get(key), result));
            } else {
                onlyInB.add(key);
            }
        });
        List<String> onlyInA = new ArrayList<>(before.keySet());
        onlyInA.removeAll(after.keySet());
        double level = level(measured);
        return new Comparison(measured.stream().map(each -> change(each, level)).toList(), onlyInA, onlyInB);
    }

    private static Map<String, Result> byKey(List<Result> results) {
        Map<String, Result> byKey = new LinkedHashMap<>();
        for (Result result : results) {
            if (byKey.put(result.key(), result) != null) {
                throw new InvalidArgumentException("the case " + result.key() + " is there twice: one run to a file");
            }
        }
        return byKey;
    }

    private static Measured measure(Result a, Result b) {
        boolean byPeer = a.peer() != null && Objects.equals(a.peer(), b.peer());
        double[] before = units(a, byPeer);
        double[] after = units(b, byPeer);
        return new Measured(
                a, b, Samples.medianOf(after) / Samples.medianOf(before), byPeer, RankTest.probability(before, after));
    }

    private static double[] units(Result result, boolean byPeer) {
        double[] units = result.samples().turnMedians();
        if (byPeer) {
            double[] peer = result.peerSamples().turnMedians();
            for (int i = 0; i < units.length; i++) {
                units[i] /= peer[i];
            }
        }
        return units;
    }

    /** The largest probability that is still a change: Holm's step-down procedure. */
    private static double level(List<Measured> measured) {
        double[] sorted = measured.stream()
                .map(Measured::probability)
                .sorted(Comparator.naturalOrder())
                .mapToDouble(Double::doubleValue)
                .toArray();
        double level = -1;
        for (int i = 0; i < sorted.length && sorted[i] <= FALSE_ALARMS / (sorted.length - i); i++) {
            level = sorted[i];
        }
        return level;
    }

    private static Change change(Measured each, double level) {
        boolean changed = each.probability() <= level && Math.abs(each.times() - 1) >= LEAST_CHANGE;
        Verdict verdict = !changed ? Verdict.NO_CHANGE : each.times() > 1 ? Verdict.SLOWER : Verdict.FASTER;
        return new Change(each.a(), each.b(), each.times(), each.byPeer(), each.probability(), verdict);
    }
}
