package dev.ottava.cli;

import java.math.BigDecimal;
import java.util.Locale;

/** Numbers as people read them. */
final class Format {
    private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB"};

    private Format() {}

    /** "12 B", "1.50 KiB", "23.4 GiB". */
    static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < BINARY.length - 1) {
            value /= 1024;
            unit++;
        }
        return (unit == 0 ? String.valueOf(bytes) : threeDigits(value)) + " " + BINARY[unit];
    }

    /** "950", "9.81k", "12.3M". */
    static String count(double value) {
        String[] units = {"", "k", "M", "G", "T"};
        int unit = 0;
        while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        return (unit == 0 ? fixed(value, 0) : threeDigits(value)) + units[unit];
    }

    /** With a prefix of the SI: "405 GFLOP/s", "21.3 GB/s", "12.3 µs". */
    static String unit(double value, String unit) {
        String[] prefixes = {"n", "µ", "m", "", "k", "M", "G", "T", "P"};
        int prefix = value > 0 ? (int) Math.floor(Math.log10(value * (1 + 5e-4)) / 3) + 3 : 3;
        prefix = Math.max(0, Math.min(prefix, prefixes.length - 1));
        return threeDigits(value / Math.pow(10, 3 * (prefix - 3))) + " " + prefixes[prefix] + unit;
    }

    /** "0:07", "12:34", "1:02:03". */
    static String duration(double seconds) {
        long s = Math.max(0, Math.round(seconds));
        return s >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60);
    }

    /** With so many decimals. */
    static String fixed(double value, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** As short as it can be typed: "0.001", "2e-5", "1000". */
    static String plain(double value) {
        if (value == 0 || !Double.isFinite(value)) {
            return value == 0 ? "0" : String.valueOf(value);
        }
        double rounded = Double.parseDouble(String.format(Locale.ROOT, "%.5g", value));
        double size = Math.abs(rounded);
        String text =
                new BigDecimal(Double.toString(rounded)).stripTrailingZeros().toPlainString();
        if (size >= 1e-4 && size < 1e7) {
            return text;
        }
        int exponent = (int) Math.floor(Math.log10(size));
        double significand = rounded / Math.pow(10, exponent);
        String digits = String.format(Locale.ROOT, "%.4f", significand).replaceAll("\\.?0+$", "");
        return digits + "e" + exponent;
    }

    private static String threeDigits(double value) {
        return fixed(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
    }
}
