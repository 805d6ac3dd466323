package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.hub.Tokenizer;
import dev.ottava.train.StepMetrics;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Progress, pictures, numbers and streamed text. */
class PiecesTest {
    private static StepMetrics step(int step) {
        return new StepMetrics(step, 2.34567, 1.25, 5e-4, step * 100L, 9876.5, 1 << 20, 2.5, StepMetrics.Issue.GRAPH);
    }

    @Test
    void plainProgressHasALineForEachLoggedStep() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long[] now = {0};
        Terminal terminal = new Terminal(Cli.stream(out), Cli.stream(new ByteArrayOutputStream()), false, true);
        ProgressLine progress = new ProgressLine(terminal, 100, () -> now[0]);
        progress.onStep(step(1), false);
        now[0] = 18_000_000_000L;
        progress.onStep(step(10), true);
        progress.onEvaluation(10, 2.5);
        progress.onCheckpoint(10, Path.of("c/step-10"));
        assertEquals(
                List.of(
                        "step 10/100  loss 2.3457  grad norm 1.25  learning rate 0.0005  9.88k tokens/s  3:00 left",
                        "step 10/100  evaluation loss 2.5000",
                        "step 10/100  checkpoint in c/step-10"),
                out.toString(StandardCharsets.UTF_8).lines().toList());
    }

    @Test
    void onATerminalOneLineIsRedrawn() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long[] now = {1_000_000_000L};
        Terminal terminal = new Terminal(Cli.stream(out), Cli.stream(new ByteArrayOutputStream()), true, false);
        ProgressLine progress = new ProgressLine(terminal, 4, () -> now[0]);
        progress.onStep(step(1), false);
        progress.onStep(step(2), false); // too soon to be drawn
        now[0] = 3_000_000_000L;
        progress.onStep(step(3), false);
        progress.close();
        assertEquals(
                "\r[######------------------] 1/4  loss 2.3457  9.88k tokens/s\u001b[K"
                        + "\r[##################------] 3/4  loss 2.3457  9.88k tokens/s  0:01 left\u001b[K"
                        + System.lineSeparator(),
                out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void numbers() {
        assertEquals("12 B", Format.bytes(12));
        assertEquals("1.50 KiB", Format.bytes(1536));
        assertEquals("23.4 GiB", Format.bytes((long) (23.4 * (1L << 30))));
        assertEquals("999", Format.count(999));
        assertEquals("1.00k", Format.count(999.6));
        assertEquals("12.3M", Format.count(12_345_678));
        assertEquals("0:07", Format.duration(7.2));
        assertEquals("1:02:03", Format.duration(3723));
        assertEquals("2e-5", Format.plain(2e-5));
        assertEquals("0.0005", Format.plain(5e-4));
        assertEquals("1000", Format.plain(1000));
        assertEquals("0", Format.plain(0));
        assertEquals("-1.25e-8", Format.plain(-1.25e-8));
        assertEquals("3e12", Format.plain(3e12));
        assertEquals("0.33333", Format.plain(1 / 3.0));
    }

    @Test
    void ticksAreRoundAndCoverTheRange() {
        assertEquals(List.of(0.0, 0.5, 1.0, 1.5), LineChart.ticks(0.2, 1.3, 3));
        List<Double> ticks = LineChart.ticks(1.237, 987.3, 6);
        assertTrue(ticks.get(0) <= 1.237 && ticks.get(ticks.size() - 1) >= 987.3, ticks.toString());
        assertTrue(LineChart.ticks(-1e-9, 1e-9, 4).size() > 2);
    }

    @Test
    void asciiPictureOfALineFallsFromCornerToCorner() {
        double[] falling = {5, 4, 3, 2, 1};
        assertEquals("""
             5.000 +*
                   | *
                   |  *
                   |   *
             1.000 +    *
                   +-----
                    1  50
            """, LossPicture.draw(falling, 1, 50, 5, 5, false));
    }

    @Test
    void braillePictureHasEightDotsInACharacter() {
        double[] flat = new double[100];
        Arrays.fill(flat, 2);
        String[] lines = LossPicture.draw(flat, 1, 100, 10, 2, true).split("\n");
        assertEquals(" 2.000 ┤" + "\u2800".repeat(10), lines[0]);
        assertEquals(" 2.000 ┤" + "⠉".repeat(10), lines[1]);
        // Eight values over ten columns and eight rows of dots: one dot in each column.
        String rising = LossPicture.draw(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, 8, 5, 2, true);
        assertEquals(
                10,
                rising.lines()
                        .limit(2)
                        .flatMapToInt(String::chars)
                        .filter(c -> c >= 0x2800 && c < 0x2900)
                        .map(c -> Integer.bitCount(c - 0x2800))
                        .sum());
    }

    /** Bytes as ids; what is not UTF-8 decodes to replacement characters, as in byte-level tokenizers. */
    private static final class Bytes implements Tokenizer {
        @Override
        public int[] encode(String text, boolean addSpecialTokens) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            int[] ids = new int[bytes.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = bytes[i] & 0xFF;
            }
            return ids;
        }

        @Override
        public String decode(int[] ids) {
            byte[] bytes = new byte[ids.length];
            for (int i = 0; i < ids.length; i++) {
                bytes[i] = (byte) ids[i];
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }

        @Override
        public int vocabSize() {
            return 256;
        }

        @Override
        public List<Path> files() {
            return List.of();
        }

        @Override
        public void close() {}
    }

    @Test
    void textIsHandedOutInWholeCharacters() {
        Bytes tokenizer = new Bytes();
        TextStream stream = new TextStream(tokenizer, tokenizer.encode("Otto ", true));
        StringBuilder all = new StringBuilder();
        for (int id : tokenizer.encode("è 8 € 🎵!", false)) {
            String piece = stream.add(id);
            assertFalse(piece.contains("\uFFFD"), piece);
            all.append(piece);
        }
        assertEquals("è 8 € 🎵!", all.toString());
        assertEquals("", stream.rest());
        assertEquals("", stream.add(0xE2));
        assertEquals("\uFFFD", stream.rest());
    }
}
