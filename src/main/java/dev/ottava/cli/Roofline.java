package dev.ottava.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * The roofline plot (Williams, Waterman and Patterson, 2009) as inline SVG: operations a second over operations a byte, both axes logarithmic. Below
 * the slope memory limits, below a level arithmetic.
 */
final class Roofline {
    private static final int WIDTH = 1040;
    private static final int HEIGHT = 520;
    private static final int LEFT = 96;
    private static final int RIGHT = 150;
    private static final int TOP = 24;
    private static final int BOTTOM = 52;
    private static final int LABEL_HEIGHT = 15;

    private record Level(String name, double y) {}

    private record Point(String cssClass, boolean square, double x, double y, String title) {}

    private final double bytesPerSecond;
    private final List<Level> levels = new ArrayList<>();
    private final List<Point> points = new ArrayList<>();
    private double left;
    private double right;
    private double low;
    private double high;

    /** A plot below the speed of a copy. */
    Roofline(double bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /** A level that arithmetic reaches. */
    Roofline level(String name, double operationsPerSecond) {
        levels.add(new Level(name, operationsPerSecond));
        return this;
    }

    /** A case. */
    Roofline point(String cssClass, boolean square, double bytes, double operations, double seconds, String title) {
        points.add(new Point(cssClass, square, operations / bytes, operations / seconds, title));
        return this;
    }

    boolean isEmpty() {
        return points.isEmpty();
    }

    String svg() {
        levels.sort(Comparator.comparingDouble(Level::y));
        double top = levels.isEmpty() ? 0 : levels.get(levels.size() - 1).y();
        left = decade(points.stream().mapToDouble(Point::x).min().orElseThrow(), false);
        right = decade(Math.max(points.stream().mapToDouble(Point::x).max().orElseThrow(), top / bytesPerSecond), true);
        low = decade(points.stream().mapToDouble(Point::y).min().orElseThrow(), false);
        high = decade(Math.max(points.stream().mapToDouble(Point::y).max().orElseThrow(), top), true);
        StringBuilder svg = new StringBuilder(
                format("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"roofline\">%n", WIDTH, HEIGHT));
        axes(svg);
        roof(svg, top);
        for (Point point : points) {
            svg.append(format(
                    point.square
                            ? "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"9\" height=\"9\"><title>%s</title></rect>%n"
                            : "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"><title>%s</title></circle>%n",
                    point.cssClass,
                    x(point.x) - (point.square ? 4.5 : 0),
                    y(point.y) - (point.square ? 4.5 : 0),
                    Html.escape(point.title)));
        }
        return svg.append("</svg>").toString();
    }

    private void axes(StringBuilder svg) {
        for (double tick = left; tick <= right * 1.001; tick *= 10) {
            svg.append(format(
                    "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                            + "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                    x(tick), x(tick), TOP, HEIGHT - BOTTOM, x(tick), HEIGHT - BOTTOM + 18, Format.plain(tick)));
        }
        for (double tick = low; tick <= high * 1.001; tick *= 10) {
            svg.append(format(
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                            + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
                    LEFT, WIDTH - RIGHT, y(tick), y(tick), LEFT - 8, y(tick) + 4, power(tick)));
        }
        svg.append(format(
                "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"end\">operations per byte</text>%n",
                WIDTH - RIGHT, HEIGHT - 8));
    }

    private void roof(StringBuilder svg, double top) {
        double end = levels.isEmpty() ? right : top / bytesPerSecond;
        double begin = Math.max(left, low / bytesPerSecond);
        if (begin < end) { // otherwise arithmetic limits all that is shown
            svg.append(line(begin, begin * bytesPerSecond, end, end * bytesPerSecond));
        }
        // Above the slope there is room: no case is there.
        svg.append(format(
                "<text x=\"%d\" y=\"%d\">slope: a copy, %s</text>%n",
                LEFT + 10, TOP + 16, Format.unit(bytesPerSecond, "B/s")));
        double previous = Double.POSITIVE_INFINITY;
        for (Level level : levels) {
            svg.append(line(Math.max(left, level.y / bytesPerSecond), level.y, right, level.y));
            previous = Math.min(y(level.y) + 4, previous - LABEL_HEIGHT);
            svg.append(format(
                    "<text x=\"%d\" y=\"%.1f\">%s %s</text>%n",
                    WIDTH - RIGHT + 8, previous, Html.escape(level.name), Format.unit(level.y, "FLOP/s")));
        }
    }

    private String line(double x1, double y1, double x2, double y2) {
        return format(
                "<line class=\"roof\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>%n", x(x1), x(x2), y(y1), y(y2));
    }

    /** The power of ten at or below a value, or the one above it. */
    private static double decade(double value, boolean above) {
        return Math.pow(10, Math.floor(Math.log10(value)) + (above ? 1 : 0));
    }

    private static String power(double value) {
        return Format.unit(value, "FLOP/s").replaceFirst("\\.0+ ", " ");
    }

    private double x(double value) {
        return LEFT + Math.log(value / left) / Math.log(right / left) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - Math.log(value / low) / Math.log(high / low) * (HEIGHT - BOTTOM - TOP);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
