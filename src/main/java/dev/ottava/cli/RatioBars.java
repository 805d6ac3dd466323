package dev.ottava.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Ratios as horizontal bars in inline SVG, one a line, with a mark at 1. */
final class RatioBars {
    private static final int WIDTH = 1040;
    private static final int LINE = 22;
    private static final int TOP = 24;
    private static final int VALUE_WIDTH = 64;
    private static final double CHARACTER = 6.7;

    private record Bar(String cssClass, String label, double ratio, double uncertainty) {}

    private final String one;
    private final List<Bar> bars = new ArrayList<>();

    /**
     * A chart.
     *
     * @param one what a ratio of 1 means
     */
    RatioBars(String one) {
        this.one = one;
    }

    /**
     * Adds a line.
     *
     * @param uncertainty relative; drawn as a whisker
     */
    void bar(String cssClass, String label, double ratio, double uncertainty) {
        bars.add(new Bar(cssClass, label, ratio, uncertainty));
    }

    String svg() {
        double left = 14
                + CHARACTER
                        * bars.stream()
                                .mapToInt(bar -> bar.label.length())
                                .max()
                                .orElseThrow();
        double most = bars.stream()
                .mapToDouble(bar -> bar.ratio * (1 + bar.uncertainty))
                .max()
                .orElseThrow();
        double unit = (WIDTH - VALUE_WIDTH - left) / Math.max(1.1, most);
        int height = TOP + LINE * bars.size() + 6;
        StringBuilder svg = new StringBuilder(format(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n", WIDTH, height, Html.escape(one)));
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            double y = TOP + LINE * i;
            double end = left + bar.ratio * unit;
            double reach = bar.ratio * bar.uncertainty * unit;
            svg.append(format(
                    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>"
                            + "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\"/>"
                            + "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                            + "<text class=\"value\" x=\"%.1f\" y=\"%.1f\">%s</text>%n",
                    left - 8,
                    y + 15,
                    Html.escape(bar.label),
                    bar.cssClass,
                    left,
                    y + 4,
                    end - left,
                    end - reach,
                    end + reach,
                    y + 11,
                    y + 11,
                    Math.max(end + reach, nearOne(end + reach, left + unit)) + 8,
                    y + 15,
                    Format.fixed(bar.ratio, 2)));
        }
        double x = left + unit;
        svg.append(format(
                "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                        + "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                x, x, TOP - 4, height - 4, x, TOP - 10, Html.escape("1 = " + one)));
        return svg.append("</svg>").toString();
    }

    /** A value whose text the mark at 1 would cross goes behind the mark. */
    private static double nearOne(double end, double mark) {
        return end < mark && end + 40 > mark ? mark : end;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
