package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.hub.ByteTokenizer;
import dev.ottava.hub.ModelFolder;
import dev.ottava.kernel.BlockMask;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.SaleModels;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code calibrate}, and {@code generate --attention sale} with what it finds. */
class SaleCommandsTest {
    private static final Pattern IMAGE = Pattern.compile("href=\"data:image/png;base64,([^\"]*)\"");

    @TempDir
    Path folder;

    private Path model;
    private Path text;

    @BeforeEach
    void write() throws IOException {
        model = folder.resolve("tuned");
        try (Device device = Device.open("cpu");
                LlamaModel small = SaleModels.model(device, DType.F32)) {
            ModelFolder.save(small, model, null);
        }
        ByteTokenizer.write(model);
        text = folder.resolve("long.txt");
        StringBuilder lines = new StringBuilder();
        IntStream.range(0, 90)
                .forEach(i -> lines.append("key ").append(i * 7919 % 1000).append(";\n"));
        Files.writeString(text, lines);
    }

    private Cli run(String command, String... more) {
        String[] common = {command, "--model", model.toString(), "--device", "cpu", "--precision", "fp32"};
        String[] args = IntStream.range(0, common.length + more.length)
                .mapToObj(i -> i < common.length ? common[i] : more[i - common.length])
                .toArray(String[]::new);
        return Cli.run(args);
    }

    private Cli calibrate(String... more) {
        String[] args = {
            "--data",
            text.toString(),
            "--output",
            folder.resolve("thresholds.json").toString(),
            "--max-tokens",
            "400",
            "--samples",
            "2",
            "--local-keys",
            "64"
        };
        String[] all = IntStream.range(0, args.length + more.length)
                .mapToObj(i -> i < args.length ? args[i] : more[i - args.length])
                .toArray(String[]::new);
        return run("calibrate", all);
    }

    private static JsonNode json(Cli result) throws IOException {
        assertEquals(0, result.code(), result.err());
        return new ObjectMapper().readTree(result.out());
    }

    @Test
    void calibratedThresholdsServeGenerate() throws Exception {
        JsonNode found = json(calibrate("--relative-error", "0.01", "--json"));
        double kept = found.get("kept_fraction").doubleValue();
        assertTrue(kept > 0.3 && kept < 1, found::toString);
        assertEquals(2, found.get("samples").intValue());
        assertEquals(2, found.get("tau").size());
        assertEquals(4, found.get("tau").get(1).size());

        String thresholds = folder.resolve("thresholds.json").toString();
        Path picture = folder.resolve("kept.svg");
        String[] sale = {
            "--prompt-file",
            text.toString(),
            "--max-tokens",
            "4",
            "--attention",
            "sale",
            "--thresholds",
            thresholds,
            "--attention-picture",
            picture.toString()
        };
        Cli plain = run("generate", sale);
        assertEquals(0, plain.code(), plain.err());
        assertTrue(
                plain.err()
                        .matches("ottava: the prompt attended by SALE: \\d+\\.\\d % of \\d+ causal blocks of a head"
                                + " kept, drawn in .*kept.svg\\R"),
                plain.err());
        String svg = Files.readString(picture);
        assertEquals(8, IMAGE.matcher(svg).results().count());
        assertFalse(Files.exists(folder.resolve("kept.svg.part")));

        String[] asJson =
                IntStream.range(0, 9).mapToObj(i -> i < 8 ? sale[i] : "--json").toArray(String[]::new);
        JsonNode object = json(run("generate", asJson));
        assertEquals("sale", object.get("attention").textValue());
        assertEquals(4, object.get("kept_fractions").get(0).size());
        assertTrue(object.get("kept_fraction").doubleValue() < 1);
        assertTrue(object.get("tokens_per_second").doubleValue() > 0);
        JsonNode dense = json(run("generate", "--prompt", "a", "--max-tokens", "1", "--json"));
        assertEquals("dense", dense.get("attention").textValue());
        assertFalse(dense.has("kept_fraction"));
    }

    @Test
    void peopleGetATable() {
        Cli result = calibrate("--error", "0.5");
        assertEquals(0, result.code(), result.err());
        List<String> lines = result.out().lines().toList();
        assertEquals("pass 1  sample 1/2", lines.get(0));
        assertTrue(result.out().contains("layer      kept  largest error  tau of heads"), result.out());
        assertTrue(result.out().matches("(?s).*\\n    1 .* %  .*4 x 0\\.008\\R.*"), result.out());
        assertTrue(result.out().contains("every head within an error of 0.5"), result.out());
        assertTrue(lines.get(lines.size() - 1).matches("thresholds: .*thresholds\\.json"), result.out());
    }

    @Test
    void samplesThatAreTooShortAreRefused() {
        Cli result = run(
                "calibrate", "--data", text.toString(), "--output", "x.json", "--error", "1", "--max-tokens", "100");
        assertEquals(
                "ottava: the longest sample has 100 tokens, and with 128 local keys SALE leaves nothing out below 257:"
                        + " give longer ones\n",
                result.err());
        assertEquals(2, result.code());
    }

    /** Pixels are blocks, and the means of blocks where there are too many. */
    @Test
    @Tag("build") // reads XML and PNG with modules of Java that small runtimes lack
    void aMapHasAPixelForEachBlock() throws Exception {
        try (Device device = Device.open("cpu");
                BlockMask mask = BlockMask.empty(device.arena(MemoryPurpose.WORKSPACE), 1, 1, 300, 364)) {
            // Blocks of queries see 2 to 6 blocks of keys; block 1 is kept for its estimate in the last row alone.
            mask.bits().copyFrom(0b11, 0b111, 0b1101, 0b11001, 0b110011);
            String svg = KeptBlocks.svg(List.of(mask), 1);
            DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
            int kept = 0x173a7a;
            int always = 0x86aee8;
            int out = 0xe9ecf1;
            int future = 0xffffff;
            int[][] expected = {
                {always, always, future, future, future, future},
                {always, kept, always, future, future, future},
                {always, out, kept, always, future, future},
                {always, out, out, kept, always, future},
                {always, kept, out, out, kept, always},
            };
            assertArrayEquals(expected, pixels(svg));
        }
        try (Device device = Device.open("cpu");
                BlockMask large = BlockMask.empty(device.arena(MemoryPurpose.WORKSPACE), 1, 1, 64 * 64, 600 * 64)) {
            large.bits().fill(0);
            int[][] map = pixels(KeptBlocks.svg(List.of(large), 64));
            assertEquals(13, map.length);
            assertEquals(120, map[0].length);
            assertEquals(0xe9ecf1, map[5][5]);
        }
    }

    /** Rows of the first map, 0xRRGGBB. */
    private static int[][] pixels(String svg) throws IOException {
        Matcher found = IMAGE.matcher(svg);
        assertTrue(found.find(), svg);
        BufferedImage image =
                ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(found.group(1))));
        int[][] rows = new int[image.getHeight()][image.getWidth()];
        for (int y = 0; y < rows.length; y++) {
            for (int x = 0; x < rows[y].length; x++) {
                rows[y][x] = image.getRGB(x, y) & 0xffffff;
            }
        }
        return rows;
    }

    @Test
    void progressOnATerminalIsOneLine() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(Cli.stream(out), Cli.stream(new ByteArrayOutputStream()), true, false);
        CalibrationProgress progress = new CalibrationProgress(terminal, false, 2, 4);
        progress.layer(1, 1, 3);
        progress.close();
        assertEquals(
                "\r[########################] pass 2  sample 2/2  layer 4/4\u001b[K" + System.lineSeparator(),
                out.toString(StandardCharsets.UTF_8));
    }
}
