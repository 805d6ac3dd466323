package dev.ottava.cli;

import dev.ottava.bench.Comparison;
import dev.ottava.bench.Comparison.Change;
import dev.ottava.bench.Result;
import java.io.PrintStream;
import java.util.stream.Collectors;

/** Results and comparisons as Markdown tables, aligned for a terminal. */
final class BenchTable {
    private static final String ROW = "| %-26s | %-38s | %-5s | %9s | %6s | %-13s | %8s | %-24s |%n";

    private BenchTable() {}

    static void heading(PrintStream out) {
        out.printf(ROW, "case", "shape", "dtype", "median", "spread", "rate", "of limit", "beside the peer");
        out.println("| --- | --- | --- | --: | --: | --- | --: | --- |");
    }

    static void row(PrintStream out, Result result) {
        out.printf(
                ROW,
                result.name(),
                result.shape(),
                result.dtype(),
                Format.unit(result.seconds(), "s"),
                percent(result.samples().spread()),
                rate(result),
                percent(result.fractionOfLimit()),
                result.peers().stream()
                        .map(peer -> Format.fixed(result.ratioTo(peer), 2) + " × " + peer.name())
                        .collect(Collectors.joining(", ")));
    }

    /** What the case is limited by, a second; of training, the tokens. */
    static String rate(Result result) {
        if (result.work().tokens() > 0) {
            return Format.count(result.tokensPerSecond()) + " tokens/s";
        }
        boolean arithmetic =
                Double.isNaN(result.limitSeconds()) ? result.work().operations() > 0 : result.limitedByArithmetic();
        return arithmetic
                ? Format.unit(result.work().operations() / result.seconds(), "FLOP/s")
                : Format.unit(result.work().bytes() / result.seconds(), "B/s");
    }

    /** "12 %", "1.3 %"; nothing if there is no number. */
    static String percent(double value) {
        return Double.isNaN(value) ? "" : Format.fixed(100 * value, value < 0.0995 ? 1 : 0) + " %";
    }

    static void print(PrintStream out, Comparison comparison) {
        String row = "| %-26s | %-38s | %-5s | %9s | %9s | %8s | %-30s |%n";
        out.printf(row, "case", "shape", "dtype", "A", "B", "B / A", "");
        out.println("| --- | --- | --- | --: | --: | --: | --- |");
        for (Change change : comparison.changes()) {
            out.printf(
                    row,
                    change.b().name(),
                    change.b().shape(),
                    change.b().dtype(),
                    Format.unit(change.a().seconds(), "s"),
                    Format.unit(change.b().seconds(), "s"),
                    Format.fixed(change.times(), 3),
                    verdict(change)
                            + (change.byPeer() ? ", beside " + change.b().peer() : ""));
        }
        comparison.onlyInA().forEach(key -> out.println("Only in A: " + key));
        comparison.onlyInB().forEach(key -> out.println("Only in B: " + key));
    }

    /** "no change beyond noise", "faster by 1.25", "slower by 2.00". */
    static String verdict(Change change) {
        return switch (change.verdict()) {
            case NO_CHANGE -> "no change beyond noise";
            case FASTER -> "faster by " + Format.fixed(1 / change.times(), 2);
            case SLOWER -> "slower by " + Format.fixed(change.times(), 2);
        };
    }
}
