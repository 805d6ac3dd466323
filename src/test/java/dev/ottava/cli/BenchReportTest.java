package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Result;
import dev.ottava.bench.ResultFile;
import dev.ottava.bench.Results;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class BenchReportTest {
    private static final double CHARACTER = 6.5;

    @TempDir
    Path folder;

    private static List<Result> results(double slower) {
        return List.of(
                Results.measure("ceiling", "copy", "F32", new Work(1e9, 0), () -> 0.1, null, null),
                Results.measure("gemm", "square", "F32", new Work(1e7, 2e9), () -> 0.025, "OpenBLAS SGEMM", () -> 0.03),
                Results.measure(
                        "gemm", "square", "BF16", new Work(1e7, 2e9), () -> 0.012, "OpenBLAS SGEMM", () -> 0.03),
                Results.measure(
                        "norm",
                        "rms_norm forward",
                        "F32",
                        new Work(1e7, 4e6),
                        () -> 0.002 * slower,
                        "copy",
                        () -> 0.001),
                Results.measure(
                        "loss", "cross_entropy", "BF16", new Work(1e7, 5e6), () -> 0.00105, "copy", () -> 0.001),
                Results.measure("step", "lomo step", "BF16", new Work(0, 2e9, 2048), () -> 0.02, null, null));
    }

    @Test
    void hasTheFiguresAndNeedsNothingElse() {
        String html = new BenchReport(results(1)).html();
        for (String text : List.of(
                "Benchmarks on cpu: a fake",
                "slope: a copy, 10.0 GB/s",
                ">BF16 200 GFLOP/s",
                ">F32 100 GFLOP/s",
                ">80.0 GFLOP/s<",
                "102k tokens/s",
                ">1.20<",
                "1 = as fast as OpenBLAS SGEMM",
                "rms_norm forward, 1024 x 1024, F32: 5.00 GB/s, 50 % of the limit",
                "0123456789ab")) {
            assertTrue(html.contains(text), text);
        }
        for (String foreign : List.of("<script", "http:", "https:", "src=", "@import", "url(", "NaN", "Infinity")) {
            assertFalse(html.contains(foreign), foreign);
        }
    }

    /** Boxes of all unrotated texts of each drawing, with a generous width of a character. */
    @Test
    @Tag("build") // reads XML, by a module that the bundle's runtime leaves out
    void noTwoLabelsOverlapOrLeaveTheDrawing() throws Exception {
        String html = new BenchReport(results(1)).html();
        int drawings = 0;
        for (int at = html.indexOf("<svg"); at >= 0; at = html.indexOf("<svg", at + 1), drawings++) {
            String svg = html.substring(at, html.indexOf("</svg>", at) + 6);
            Element root = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(svg)))
                    .getDocumentElement();
            String[] view = root.getAttribute("viewBox").split(" ");
            List<double[]> boxes = new ArrayList<>();
            NodeList texts = root.getElementsByTagName("text");
            for (int i = 0; i < texts.getLength(); i++) {
                Element text = (Element) texts.item(i);
                if (text.hasAttribute("transform")) {
                    continue;
                }
                double width = CHARACTER * text.getTextContent().length();
                double x = Double.parseDouble(text.getAttribute("x"));
                double left = switch (text.getAttribute("text-anchor")) {
                    case "end" -> x - width;
                    case "middle" -> x - width / 2;
                    default -> x;
                };
                double y = Double.parseDouble(text.getAttribute("y"));
                double[] box = {left, left + width, y - 10, y + 3};
                assertTrue(
                        left >= 0 && box[1] <= Double.parseDouble(view[2]) && box[3] <= Double.parseDouble(view[3]),
                        text.getTextContent() + " leaves the drawing");
                for (double[] other : boxes) {
                    assertFalse(
                            box[0] < other[1] && other[0] < box[1] && box[2] < other[3] && other[2] < box[3],
                            text.getTextContent() + " overlaps another text");
                }
                boxes.add(box);
            }
        }
        assertEquals(4, drawings, "roofline, two peers, limits");
    }

    private Path file(String name, List<Result> results) throws IOException {
        return Files.write(
                folder.resolve(name), results.stream().map(ResultFile::line).toList());
    }

    @Test
    void resultsOfAFileAreShownAgain() throws IOException {
        Path file = file("a.jsonl", results(1));
        Path html = folder.resolve("a.html");
        Cli shown = Cli.run("bench", "--from", file.toString(), "--html", html.toString());
        assertEquals(0, shown.code(), shown.err());
        assertEquals(2 + 6, shown.out().lines().count());
        assertTrue(shown.out().contains("1.20 × OpenBLAS SGEMM"), shown.out());
        assertTrue(Files.readString(html).contains("Roofline"));
    }

    @Test
    void comparisonSaysWhatChanged() throws IOException {
        Cli compared = Cli.run(
                "bench",
                "--compare",
                file("a.jsonl", results(1)).toString(),
                file("b.jsonl", results(2)).toString());
        assertEquals(0, compared.code(), compared.err());
        List<String> slower =
                compared.out().lines().filter(line -> line.contains("slower")).toList();
        assertEquals(1, slower.size(), compared.out());
        assertTrue(slower.get(0).contains("rms_norm forward") && slower.get(0).contains("slower by 2.00, beside copy"));
        assertEquals(
                5,
                compared.out()
                        .lines()
                        .filter(line -> line.contains("no change beyond noise"))
                        .count());
    }

    /** The whole way on a real device, short and once. */
    @Test
    void measuresTheCpu() throws IOException {
        Path lines = folder.resolve("cpu.jsonl");
        Cli measured = Cli.run(
                "bench",
                "loss",
                "--device",
                "cpu",
                "--precision",
                "fp32",
                "--turns",
                "1",
                "--json",
                "--output",
                lines.toString());
        assertEquals(0, measured.code(), measured.err());
        assertEquals(measured.out(), Files.readString(lines));
        List<Result> results = ResultFile.read(lines);
        assertEquals(
                List.of("copy", "square", "cross_entropy"),
                results.stream().map(Result::name).toList());
        Result loss = results.get(2);
        assertEquals("copy", loss.peer());
        assertTrue(loss.fractionOfLimit() > 0);
        assertEquals(
                "ottava bench loss --device cpu --precision fp32 --turns 1 --json --output " + lines,
                loss.environment().get("command"));
        Cli again = Cli.run("bench", "loss", "--output", lines.toString());
        assertEquals(2, again.code());
        assertTrue(again.err().contains("there is a file of this name already"), again.err());
    }
}
