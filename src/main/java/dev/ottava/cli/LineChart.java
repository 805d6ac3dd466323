package dev.ottava.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A line chart as inline SVG, with axes, ticks and a name. Its colours are those of the CSS classes of its series. */
final class LineChart {
    private static final int LEFT = 62;
    private static final int RIGHT = 14;
    private static final int TOP = 12;
    private static final int BOTTOM = 40;
    private final int width;
    private final int height;
    private final String yName;
    private final List<Series> series = new ArrayList<>();

    /** Points in the order of x; drawn as a line, or as dots. */
    private static final class Series {
        final String cssClass;
        final double[] xs;
        final double[] ys;
        final boolean dots;

        Series(String cssClass, double[] xs, double[] ys, boolean dots) {
            this.cssClass = cssClass;
            this.xs = xs;
            this.ys = ys;
            this.dots = dots;
        }
    }

    LineChart(String yName, int width, int height) {
        this.yName = yName;
        this.width = width;
        this.height = height;
    }

    LineChart line(String cssClass, double[] xs, double[] ys) {
        series.add(new Series(cssClass, xs, ys, false));
        return this;
    }

    LineChart dots(String cssClass, double[] xs, double[] ys) {
        series.add(new Series(cssClass, xs, ys, true));
        return this;
    }

    String svg() {
        double[] xRange = range(true);
        double[] yRange = range(false);
        List<Double> yTicks = ticks(yRange[0], yRange[1], Math.max(3, height / 60));
        yRange[0] = Math.min(yRange[0], yTicks.get(0));
        yRange[1] = Math.max(yRange[1], yTicks.get(yTicks.size() - 1));
        StringBuilder svg = new StringBuilder(format(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n", width, height, Html.escape(yName)));
        for (double tick : yTicks) {
            double y = y(tick, yRange);
            svg.append(format(
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, width - RIGHT, y, y));
            svg.append(
                    format("<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n", LEFT - 8, y + 4, label(tick)));
        }
        for (double tick : ticks(xRange[0], xRange[1], Math.max(3, width / 110))) {
            if (tick >= xRange[0] && tick <= xRange[1]) {
                double x = x(tick, xRange);
                int axis = height - BOTTOM;
                svg.append(format(
                        "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", x, x, axis, axis + 5));
                svg.append(format(
                        "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n", x, axis + 19, label(tick)));
            }
        }
        int axis = height - BOTTOM;
        svg.append(format(
                "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT, width - RIGHT, axis, axis));
        svg.append(format(
                "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"end\">step</text>%n", width - RIGHT, height - 4));
        series.forEach(line -> svg.append(line.dots ? dots(line, xRange, yRange) : path(line, xRange, yRange)));
        return svg.append("</svg>").toString();
    }

    private String path(Series line, double[] xRange, double[] yRange) {
        StringBuilder path = new StringBuilder();
        for (int i : thinned(line.ys)) {
            if (Double.isFinite(line.ys[i])) {
                path.append(path.length() == 0 ? "M" : "L")
                        .append(format("%.1f,%.1f", x(line.xs[i], xRange), y(line.ys[i], yRange)));
            }
        }
        return format("<path class=\"%s\" d=\"%s\"/>%n", line.cssClass, path);
    }

    private String dots(Series points, double[] xRange, double[] yRange) {
        StringBuilder dots = new StringBuilder();
        for (int i = 0; i < points.ys.length; i++) {
            if (Double.isFinite(points.ys[i])) {
                dots.append(format(
                        "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>step %.0f: %s</title></circle>%n",
                        points.cssClass,
                        x(points.xs[i], xRange),
                        y(points.ys[i], yRange),
                        points.xs[i],
                        Format.plain(points.ys[i])));
            }
        }
        return dots.toString();
    }

    /** Indices to draw: all, or, of too many, the lowest and highest of each group, so that spikes stay. */
    private List<Integer> thinned(double[] ys) {
        List<Integer> indices = new ArrayList<>();
        int groups = ys.length <= width ? ys.length : width / 2;
        for (int group = 0; group < groups; group++) {
            int from = (int) ((long) group * ys.length / groups);
            int to = (int) ((long) (group + 1) * ys.length / groups);
            int low = from;
            int high = from;
            for (int i = from; i < to; i++) {
                low = ys[i] < ys[low] ? i : low;
                high = ys[i] > ys[high] ? i : high;
            }
            indices.add(Math.min(low, high));
            if (low != high) {
                indices.add(Math.max(low, high));
            }
        }
        return indices;
    }

    private double[] range(boolean ofX) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (Series line : series) {
            for (double value : ofX ? line.xs : line.ys) {
                if (Double.isFinite(value)) {
                    low = Math.min(low, value);
                    high = Math.max(high, value);
                }
            }
        }
        if (!(low <= high)) {
            return new double[] {0, 1};
        }
        double margin = low < high ? 0 : low == 0 ? 1 : Math.abs(low) / 2;
        return new double[] {low - margin, high + margin};
    }

    /** Numbers 1, 2 or 5 times a power of ten apart, from at or below {@code low} to at or above {@code high}. */
    static List<Double> ticks(double low, double high, int about) {
        double raw = (high - low) / about;
        double power = Math.pow(10, Math.floor(Math.log10(raw)));
        double ratio = raw / power;
        double step = power * (ratio <= 1 ? 1 : ratio <= 2 ? 2 : ratio <= 5 ? 5 : 10);
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.floor(low / step + 1e-9); i <= (long) Math.ceil(high / step - 1e-9); i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    private static String label(double tick) {
        return Math.abs(tick) >= 10_000 ? Format.plain(tick / 1000) + "k" : Format.plain(tick);
    }

    private double x(double value, double[] range) {
        return LEFT + (value - range[0]) / (range[1] - range[0]) * (width - LEFT - RIGHT);
    }

    private double y(double value, double[] range) {
        return height - BOTTOM - (value - range[0]) / (range[1] - range[0]) * (height - BOTTOM - TOP);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
