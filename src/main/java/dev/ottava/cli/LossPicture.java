package dev.ottava.cli;

import java.util.Arrays;
import java.util.Locale;

/** A curve drawn with characters: braille has 2 x 4 dots in each, ASCII one star. */
final class LossPicture {
    /** Bits of the dots in a braille character, by column and row. */
    private static final int[][] DOTS = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

    private LossPicture() {}

    /**
     * Draws values over their index.
     *
     * @param values at least one, finite
     * @param last step of the last value; the first is step 1
     * @param columns characters across, without the scale
     * @param rows characters down, at least 2
     */
    static String draw(double[] values, int last, int columns, int rows, boolean unicode) {
        int across = unicode ? 2 : 1;
        int down = unicode ? 4 : 1;
        int width = columns * across;
        int height = rows * down;
        double[] ys = columns(values, width);
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (double y : ys) {
            low = Math.min(low, y);
            high = Math.max(high, y);
        }
        int[][] cells = new int[rows][columns];
        int before = row(ys[0], low, high, height);
        for (int x = 0; x < width; x++) {
            int here = row(ys[x], low, high, height);
            // A steep piece is drawn as an unbroken line, from the row next to the last one.
            int from = here > before ? before + 1 : here < before ? before - 1 : here;
            for (int y = Math.min(from, here); y <= Math.max(from, here); y++) {
                cells[y / down][x / across] |= DOTS[x % across][y % down];
            }
            before = here;
        }
        return frame(cells, low, high, last, unicode);
    }

    private static String frame(int[][] cells, double low, double high, int last, boolean unicode) {
        StringBuilder text = new StringBuilder();
        int columns = cells[0].length;
        for (int y = 0; y < cells.length; y++) {
            boolean labelled = y == 0 || y == cells.length - 1;
            String label = labelled ? String.format(Locale.ROOT, "%6.3f", y == 0 ? high : low) : " ".repeat(6);
            text.append(label).append(unicode ? labelled ? " ┤" : " │" : labelled ? " +" : " |");
            StringBuilder row = new StringBuilder();
            for (int cell : cells[y]) {
                row.append(unicode ? (char) (0x2800 + cell) : cell == 0 ? ' ' : '*');
            }
            text.append(row.toString().stripTrailing()).append('\n');
        }
        String end = String.valueOf(last);
        text.append(" ".repeat(7)).append(unicode ? "└" : "+").append((unicode ? "─" : "-").repeat(columns));
        text.append('\n').append(" ".repeat(8)).append("1");
        return text.append(" ".repeat(Math.max(1, columns - 1 - end.length())))
                .append(end)
                .append('\n')
                .toString();
    }

    private static int row(double y, double low, double high, int height) {
        return high > low ? (int) Math.round((high - y) / (high - low) * (height - 1)) : height / 2;
    }

    /** One value for each column: the mean of those in it, or a point on the line between two where there are fewer. */
    private static double[] columns(double[] values, int width) {
        double[] ys = new double[width];
        for (int x = 0; x < width; x++) {
            if (values.length <= width) {
                double position = (double) x * (values.length - 1) / (width - 1);
                int left = Math.min((int) position, Math.max(0, values.length - 2));
                double next = values[Math.min(left + 1, values.length - 1)];
                ys[x] = values[left] + (position - left) * (next - values[left]);
            } else {
                int from = (int) ((long) x * values.length / width);
                int to = (int) ((long) (x + 1) * values.length / width);
                ys[x] = Arrays.stream(values, from, to).average().orElseThrow();
            }
        }
        return ys;
    }
}
