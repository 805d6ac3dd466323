package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.cli.MetricsFile.Evaluation;
import dev.ottava.cli.MetricsFile.Step;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.MemoryStatistics;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ReportTest {
    @TempDir
    Path folder;

    private static String html() {
        Map<MemoryPurpose, Long> bytes = Map.of(MemoryPurpose.WEIGHTS, 3L << 20, MemoryPurpose.ACTIVATIONS, 1L << 20);
        MetricsFile metrics = new MetricsFile(
                List.of(
                        new Step(10, 3.5, 1.25, 0.01, 20_480, 9_000, 4L << 20, 31.5, "queued"),
                        new Step(20, 2.5, 1.5, 0.005, 40_960, 9_800, 4L << 20, 0.625, "graph"),
                        new Step(30, 1.75, 0.5, 0, 61_440, 9_400, 4L << 20, 0.375, "graph")),
                List.of(new Evaluation(20, 2.625), new Evaluation(30, 1.8125)));
        Map<String, String> options = Map.of("--data", "a<b>&\"c\".jsonl");
        return new Report(
                        "A & B",
                        "here",
                        options,
                        metrics,
                        new MemoryStatistics(bytes, bytes, bytes, 4L << 20, 4L << 20, 0))
                .html();
    }

    @Test
    void hasTheNumbers() {
        String html = html();
        for (String number : List.of(
                ">1.7500<",
                ">1.8125<",
                ">6.1257<",
                ">61.4k<",
                ">31.5<",
                ">0.625<",
                ">9.40k<",
                ">4.00 MiB<",
                ">3.00 MiB<",
                ">75.0 %<",
                ">1.00 MiB<",
                "width:75.00%",
                "step 20: 2.625",
                "A &amp; B",
                "a&lt;b&gt;&amp;&quot;c&quot;.jsonl")) {
            assertTrue(html.contains(number), number);
        }
        assertEquals(2, html.split("<circle", -1).length - 1, "dots of evaluations");
    }

    /** No script, nothing from elsewhere, and every drawing is well-formed. */
    @Tag("build")
    @Test
    void needsNothingElse() throws Exception {
        String html = html();
        for (String foreign : List.of("<script", "http:", "https:", "src=", "@import", "url(", "onload")) {
            assertFalse(html.contains(foreign), foreign);
        }
        assertTrue(html.contains("prefers-color-scheme: dark"));
        int drawings = 0;
        for (int at = html.indexOf("<svg"); at >= 0; at = html.indexOf("<svg", at + 1)) {
            String svg = html.substring(at, html.indexOf("</svg>", at) + 6);
            Document document = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(svg)));
            assertTrue(document.getElementsByTagName("path").getLength() > 0);
            assertFalse(svg.contains("NaN") || svg.contains("Infinity"), svg);
            drawings++;
        }
        assertEquals(5, drawings);
    }

    @Test
    void smoothingKeepsStraightLinesAndEnds() {
        double[] line = new double[200];
        for (int i = 0; i < line.length; i++) {
            line[i] = 3 - 0.01 * i;
        }
        assertArrayEquals(line, Report.smooth(line), 1e-12);
        double[] spike = new double[200];
        spike[100] = 7;
        assertEquals(1, Report.smooth(spike)[100], 1e-12); // 7 neighbours, itself included
    }

    @Test
    void metricsAreReadLineByLine() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        Files.writeString(file, """
            {"step":1,"loss":5.5,"grad_norm":2,"learning_rate":0.1,"tokens":96,"tokens_per_second":10.5,"peak_bytes":7}
            {"step":2,"loss":4.5,"grad_norm":1,"learning_rate":0.1,"tokens":192,"tokens_per_second":11,"peak_bytes":8,"host_milliseconds":1.5,"issue":"graph"}
            {"step":1,"eval_loss":5.25}
            """);
        MetricsFile metrics = MetricsFile.read(file);
        assertEquals(
                List.of(
                        new Step(1, 5.5, 2, 0.1, 96, 10.5, 7, 0, ""),
                        new Step(2, 4.5, 1, 0.1, 192, 11, 8, 1.5, "graph")),
                metrics.steps());
        assertEquals(List.of(new Evaluation(1, 5.25)), metrics.evaluations());
    }
}
