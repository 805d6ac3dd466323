package dev.ottava.cli;

import dev.ottava.train.StepMetrics;
import dev.ottava.train.StepMetrics.Issue;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What the steps of a run took of the host, with a graph and without. */
final class HostTime {
    private final Map<Issue, List<Double>> milliseconds = new EnumMap<>(Issue.class);

    void add(StepMetrics metrics) {
        milliseconds
                .computeIfAbsent(metrics.issue(), issue -> new ArrayList<>())
                .add(metrics.hostMilliseconds());
    }

    /** One line; empty where the host does not go ahead of the device. */
    Optional<String> summary() {
        List<String> parts = new ArrayList<>();
        part(parts, Issue.GRAPH, "launched from a graph");
        part(parts, Issue.QUEUED, "without a graph");
        return parts.isEmpty()
                ? Optional.empty()
                : Optional.of("host time of a step, median: " + String.join(", ", parts));
    }

    private void part(List<String> parts, Issue issue, String how) {
        List<Double> all = milliseconds.getOrDefault(issue, List.of());
        if (!all.isEmpty()) {
            double median =
                    all.stream().sorted().skip(all.size() / 2).findFirst().orElseThrow();
            parts.add(String.format(
                    Locale.ROOT, "%.2f ms %s (%d %s)", median, how, all.size(), all.size() == 1 ? "step" : "steps"));
        }
    }
}
