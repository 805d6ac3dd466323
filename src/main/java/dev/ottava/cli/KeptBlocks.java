package dev.ottava.cli;

import dev.ottava.kernel.BlockMask;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * The blocks that sparse attention kept, as one SVG that needs nothing else: a row of maps for each layer, a map for each head, queries downwards and keys to the
 * right. A pixel of a map is a block or, of large ones, the mean colour of some.
 */
final class KeptBlocks {
    private static final int LEFT = 92;
    private static final int TOP = 78;
    private static final int MAP = 128;
    private static final int GAP = 12;
    private static final int TITLE = 16;

    /** Of blocks kept for their estimate, always kept, left out, and of the future. */
    private static final int[] COLOURS = {0x173a7a, 0x86aee8, 0xe9ecf1, 0xffffff};

    private KeptBlocks() {}

    /** Writes the picture in one piece: a reader sees the old one or the new one. */
    static void write(Path file, List<BlockMask> layers, long localKeys) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.writeString(part, svg(layers, localKeys));
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code localKeys}: as in the selection that made the masks, one of each layer, of one sequence. */
    static String svg(List<BlockMask> layers, long localKeys) {
        BlockMask first = layers.get(0);
        int heads = (int) first.bits().size(1);
        double ratio = (double) BlockMask.blocks(first.queryLength()) / BlockMask.blocks(first.keyLength());
        int mapHeight = Math.max(4, (int) Math.round(MAP * ratio));
        int row = TITLE + mapHeight + GAP;
        int height = TOP + layers.size() * row;
        int width = Math.max(640, LEFT + heads * (MAP + GAP));
        StringBuilder svg = new StringBuilder(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\""
                        + " aria-label=\"kept blocks of attention\">"
                        + "<style>text{font:12px sans-serif;fill:#444}.n{font-size:16px;fill:#111}.b{fill:#111}"
                        + "image{image-rendering:pixelated}.f{fill:none;stroke:#b8bfca;stroke-width:.6}</style>"
                        + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n",
                width, height, width, height));
        legend(svg, first);
        for (int layer = 0; layer < layers.size(); layer++) {
            maps(svg, layer, layers.get(layer), localKeys, TOP + layer * row, mapHeight);
        }
        return svg.append("</svg>\n").toString();
    }

    private static void legend(StringBuilder svg, BlockMask mask) {
        svg.append(format(
                "<text class=\"n\" x=\"14\" y=\"26\">Blocks of attention that were kept</text>"
                        + "<text x=\"14\" y=\"45\">%d queries (downwards), %d keys (to the right), in blocks of %d; in"
                        + " percent: kept of causal blocks</text>%n",
                mask.queryLength(), mask.keyLength(), BlockMask.BLOCK));
        String[] names = {"kept for its estimate", "always kept: sink and local", "left out"};
        int x = 14;
        for (int i = 0; i < names.length; i++) {
            svg.append(format(
                    "<rect class=\"f\" style=\"fill:#%06x\" x=\"%d\" y=\"54\" width=\"11\" height=\"11\"/>"
                            + "<text x=\"%d\" y=\"64\">%s</text>%n",
                    COLOURS[i], x, x + 16, names[i]));
            x += 40 + 6 * names[i].length();
        }
    }

    private static void maps(StringBuilder svg, int layer, BlockMask mask, long localKeys, int y, int height) {
        int[] words = mask.bits().toInts();
        long[] kept = mask.keptBlocks();
        double causal = mask.causalBlocks();
        double all = 0;
        for (int head = 0; head < kept.length; head++) {
            int x = LEFT + head * (MAP + GAP);
            String png = Base64.getEncoder().encodeToString(map(mask, words, head, localKeys));
            svg.append(format(
                    "<text x=\"%d\" y=\"%d\">head %d<tspan class=\"b\">  %s %%</tspan></text>"
                            + "<image x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" preserveAspectRatio=\"none\""
                            + " href=\"data:image/png;base64,%s\"/><rect class=\"f\" x=\"%d\" y=\"%d\" width=\"%d\""
                            + " height=\"%d\"/>%n",
                    x,
                    y + 11,
                    head,
                    Format.fixed(100 * kept[head] / causal, 1),
                    x,
                    y + TITLE,
                    MAP,
                    height,
                    png,
                    x,
                    y + TITLE,
                    MAP,
                    height));
            all += kept[head] / causal / kept.length;
        }
        svg.append(format(
                "<text class=\"b\" x=\"14\" y=\"%d\">layer %d</text><text x=\"14\" y=\"%d\">%s %%</text>%n",
                y + TITLE + 12, layer, y + TITLE + 28, Format.fixed(100 * all, 1)));
    }

    /** A map of a head, as PNG; a pixel of a large one is the mean of several blocks. */
    private static byte[] map(BlockMask mask, int[] words, int head, long localKeys) {
        int queryBlocks = (int) BlockMask.blocks(mask.queryLength());
        int keyBlocks = (int) BlockMask.blocks(mask.keyLength());
        int wordsOfRow = words.length / (int) (mask.bits().size(1) * queryBlocks);
        int step = (keyBlocks + MAP - 1) / MAP;
        int width = (keyBlocks + step - 1) / step;
        int height = (queryBlocks + step - 1) / step;
        int[][] counts = new int[width * height][COLOURS.length];
        for (int query = 0; query < queryBlocks; query++) {
            long position = (long) query * BlockMask.BLOCK + mask.keyLength() - mask.queryLength();
            int firstLocal = (int) (Math.max(0, position - localKeys + 1) / BlockMask.BLOCK);
            int end = (int) BlockMask.blocks(Math.min(position + BlockMask.BLOCK, mask.keyLength()));
            int row = (head * queryBlocks + query) * wordsOfRow;
            for (int x = 0; x < width; x++) {
                int from = x * step;
                int to = Math.min(from + step, keyBlocks);
                int causal = Math.max(0, Math.min(to, end) - from);
                int set = bits(words, row, from, to);
                int always = bits(words, row, Math.max(from, Math.max(1, firstLocal)), to)
                        + bits(words, row, from, Math.min(to, 1));
                int[] count = counts[query / step * width + x];
                count[0] += set - always;
                count[1] += always;
                count[2] += causal - set;
                count[3] += to - from - causal;
            }
        }
        return Png.of(width, Arrays.stream(counts).mapToInt(KeptBlocks::mean).toArray());
    }

    /** How many of the bits from one to before another are set in a row of words. */
    private static int bits(int[] words, int row, int from, int to) {
        int set = 0;
        for (int bit = from; bit < to; bit = (bit / 32 + 1) * 32) {
            int word = words[row + bit / 32] >>> bit % 32;
            int count = Math.min(to - bit, 32 - bit % 32);
            set += Integer.bitCount(count == 32 ? word : word & ((1 << count) - 1));
        }
        return set;
    }

    private static int mean(int... counts) {
        int colour = 0;
        for (int shift = 0; shift <= 16; shift += 8) {
            int sum = 0;
            int all = 0;
            for (int i = 0; i < counts.length; i++) {
                sum += counts[i] * (COLOURS[i] >> shift & 0xff);
                all += counts[i];
            }
            colour |= (sum / all) << shift;
        }
        return colour;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
