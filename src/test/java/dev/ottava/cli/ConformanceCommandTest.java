package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformanceCommandTest {
    @TempDir
    private Path folder;

    /** In a process of its own, whose simt adds FP8 as Hopper does: the cases still agree, as their sums are exact, and the reading tells. */
    @Test
    void theReadingTellsATruncatingAccumulator() throws Exception {
        Path output = folder.resolve("conformance.json");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.ottava.cli.Main",
                        "conformance",
                        "--output",
                        output.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile());
        builder.environment().put("OTTAVA_SIMT_FP8_ACCUMULATOR", "truncated");
        Process process = builder.start();
        String log = "ended with " + process.waitFor() + ":\n" + Files.readString(folder.resolve("log"));
        assertEquals(0, process.exitValue(), log);
        assertTrue(
                log.contains("FP8 wgmma accumulates with 14 bits, truncating, products aligned to the largest of 32"),
                log);

        JsonNode report = new ObjectMapper().readTree(output.toFile());
        assertEquals("sm_90a", report.get("architecture").textValue());
        assertEquals(14, report.get("fp8_wgmma").get("bits").intValue());
        assertTrue(report.get("cases").size() > 100, log);
        report.get("cases")
                .forEach(line -> assertEquals("equal", line.get("result").textValue(), line::toString));
    }

    @Test
    void aDeviceWithoutKernelsIsRefused() {
        Cli result = Cli.run("conformance", "--device", "cpu");
        assertEquals(Failures.BEFORE_WORK, result.code());
        assertEquals(
                List.of("ottava: conformance on cpu: the device runs no CUDA kernels; take simt or cuda"),
                result.err().lines().toList());
    }
}
