package dev.ottava.cli;

import dev.ottava.nn.SaleCalibration;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a calibration found, a line for each layer. */
final class CalibrationTable {
    private CalibrationTable() {}

    static String text(SaleCalibration found) {
        StringBuilder text =
                new StringBuilder(format("%5s  %8s  %13s  %s%n", "layer", "kept", "largest error", "tau of heads"));
        float[][] tau = found.thresholds().tau();
        for (int layer = 0; layer < tau.length; layer++) {
            double largest = Arrays.stream(found.errors()[layer]).max().orElse(0);
            text.append(format(
                    "%5d  %8s  %13s  %s%n",
                    layer, percent(mean(found.keptFractions()[layer])), Format.plain(largest), counts(tau[layer])));
        }
        return text.append(format(
                        "kept %s of the causal blocks of %d samples with %d tokens; every head within a%s error of %s%n",
                        percent(keptOfAll(found)),
                        found.samples(),
                        found.tokens(),
                        found.bound().relative() ? " relative" : "n",
                        Format.plain(found.bound().limit())))
                .toString();
    }

    static Map<String, Object> json(SaleCalibration found, Path output) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("output", output.toString());
        object.put("samples", found.samples());
        object.put("tokens", found.tokens());
        object.put("relative", found.bound().relative());
        object.put("limit", found.bound().limit());
        object.put("row_step", found.thresholds().selection().rowStep());
        object.put("local_keys", found.thresholds().selection().localKeys());
        object.put("kept_fraction", keptOfAll(found));
        object.put("kept_fractions", found.keptFractions());
        object.put("errors", found.errors());
        object.put("tau", found.thresholds().tau());
        return object;
    }

    /** "3 x 0.008, 1 x dense": how many heads have which. */
    private static String counts(float... tau) {
        Map<Float, Integer> counts = new TreeMap<>((a, b) -> Float.compare(b, a));
        for (float each : tau) {
            counts.merge(each, 1, Integer::sum);
        }
        return counts.entrySet().stream()
                .map(entry -> entry.getValue() + " x " + (entry.getKey() == 0 ? "dense" : Format.plain(entry.getKey())))
                .collect(Collectors.joining(", "));
    }

    private static double keptOfAll(SaleCalibration found) {
        return Arrays.stream(found.keptFractions())
                .mapToDouble(CalibrationTable::mean)
                .average()
                .orElse(0);
    }

    private static double mean(double... values) {
        return Arrays.stream(values).average().orElse(0);
    }

    private static String percent(double fraction) {
        return Format.fixed(100 * fraction, 1) + " %";
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
