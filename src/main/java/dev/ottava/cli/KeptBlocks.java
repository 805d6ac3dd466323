package dev.ottava.cli;

import dev.ottava.kernel.BlockMask;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;

/**
 * The blocks that sparse attention kept, as one SVG that needs nothing else: a row of maps for each layer, a map for each head, queries downwards and keys to the
 * right. A pixel of a map is a block or, of large ones, the mean colour of some.
 */
final class KeptBlocks {
    private static final int LEFT = 92;
    private static final int TOP = 78;
    private static final int MAP = 112;
    private static final int GAP = 12;
    private static final int TITLE = 16;
    private static final int MOST_PIXELS = 256;

    private static final int KEPT = 0x173a7a;
    private static final int ALWAYS = 0x86aee8;
    private static final int LEFT_OUT = 0xe9ecf1;
    private static final int FUTURE = 0xffffff;

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
        int width = Math.max(640, LEFT + heads * (MAP + GAP));
        StringBuilder svg = new StringBuilder(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\""
                        + " aria-label=\"kept blocks of attention\">"
                        + "<style>text{font:12px sans-serif;fill:#444}.n{font-size:16px;fill:#111}.b{fill:#111}"
                        + "image{image-rendering:pixelated}.f{fill:none;stroke:#b8bfca;stroke-width:.6}</style>"
                        + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n",
                width, TOP + layers.size() * row, width));
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
        int[] colours = {KEPT, ALWAYS, LEFT_OUT};
        int x = 14;
        for (int i = 0; i < names.length; i++) {
            svg.append(format(
                    "<rect class=\"f\" style=\"fill:#%06x\" x=\"%d\" y=\"54\" width=\"11\" height=\"11\"/>"
                            + "<text x=\"%d\" y=\"64\">%s</text>%n",
                    colours[i], x, x + 16, names[i]));
            x += 40 + 7 * names[i].length();
        }
    }

    private static void maps(StringBuilder svg, int layer, BlockMask mask, long localKeys, int y, int height) {
        int[] words = mask.bits().toInts();
        long[] kept = mask.keptBlocks();
        double causal = mask.causalBlocks();
        double all = 0;
        for (int head = 0; head < kept.length; head++) {
            int x = LEFT + head * (MAP + GAP);
            String png = Base64.getEncoder().encodeToString(png(map(mask, words, head, localKeys)));
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

    /** A map of a head; of more than 256 blocks across, a pixel is the mean of several. */
    private static BufferedImage map(BlockMask mask, int[] words, int head, long localKeys) {
        int queryBlocks = (int) BlockMask.blocks(mask.queryLength());
        int keyBlocks = (int) BlockMask.blocks(mask.keyLength());
        int wordsOfRow = words.length / (int) (mask.bits().size(1) * queryBlocks);
        int step = (keyBlocks + MOST_PIXELS - 1) / MOST_PIXELS;
        int width = (keyBlocks + step - 1) / step;
        int height = (queryBlocks + step - 1) / step;
        int[][] sums = new int[width * height][4];
        for (int query = 0; query < queryBlocks; query++) {
            long position = (long) query * BlockMask.BLOCK + mask.keyLength() - mask.queryLength();
            long firstLocal = Math.max(0, position - localKeys + 1) / BlockMask.BLOCK;
            long last = (Math.min(position + BlockMask.BLOCK, mask.keyLength()) - 1) / BlockMask.BLOCK;
            for (int key = 0; key < keyBlocks; key++) {
                int word = words[(head * queryBlocks + query) * wordsOfRow + key / 32];
                boolean set = (word >>> key % 32 & 1) != 0;
                boolean always = key == 0 || key >= firstLocal;
                add(sums[query / step * width + key / step], key > last ? FUTURE : !set ? LEFT_OUT : always ? ALWAYS : KEPT);
            }
        }
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < sums.length; i++) {
            int[] sum = sums[i];
            image.setRGB(i % width, i / width, sum[0] / sum[3] << 16 | sum[1] / sum[3] << 8 | sum[2] / sum[3]);
        }
        return image;
    }

    private static void add(int[] sum, int colour) {
        sum[0] += colour >> 16 & 0xff;
        sum[1] += colour >> 8 & 0xff;
        sum[2] += colour & 0xff;
        sum[3]++;
    }

    private static byte[] png(BufferedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
