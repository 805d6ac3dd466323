package dev.ottava.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultFileTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsRead() throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        Result written = Results.besideCopy("rms_norm", () -> random.nextDouble(1, 2) * 1e-3, () -> 1e-3);
        Path file = folder.resolve("results.jsonl");
        Files.writeString(file, ResultFile.line(written) + "\n");
        Result read = ResultFile.read(file).get(0);
        assertEquals(written.key(), read.key());
        assertEquals(written.environment(), read.environment());
        assertEquals(written.seconds(), read.seconds(), written.seconds() * 1e-6);
        assertEquals(written.ratioToPeer(), read.ratioToPeer(), 1e-5);
        assertEquals(written.fractionOfLimit(), read.fractionOfLimit(), 1e-5);
        assertArrayEquals(written.samples().turnMedians(), read.samples().turnMedians(), 1e-9);
        assertEquals("copy", read.peer());
        JsonNode line = ResultFile.lines(file).get(0);
        for (String field : List.of(
                "device",
                "commit",
                "command",
                "date",
                "shape",
                "seconds",
                "spread",
                "ratio_to_peer",
                "fraction_of_limit")) {
            assertTrue(line.has(field), field);
        }
    }

    @Test
    void allPeersAndDetailsAreKept() throws IOException {
        Result one = Results.besideCopy("rms_norm", () -> 1e-3, () -> 2e-3);
        Result.Peer first =
                new Result.Peer("BF16", one.peerSamples(), 308, Map.of("planned_peak_bytes", 300, "kernel", "any_sum"));
        Result.Peer second = new Result.Peer("BF16, rounded", one.samples(), 250, Map.of("planned_peak_bytes", 249));
        Map<String, Object> details = Map.of("layer", "llama-3-8b/q_o/64", "kept_fraction", 0.15);
        Result written = new Result(
                one.suite(),
                one.name(),
                one.shape(),
                one.dtype(),
                one.work(),
                one.samples(),
                List.of(first, second),
                200,
                details,
                one.ceilings(),
                one.environment());
        Path file = folder.resolve("peers.jsonl");
        Files.writeString(file, ResultFile.line(written) + "\n");
        Result read = ResultFile.read(file).get(0);
        assertEquals(details, read.details());
        assertEquals(
                List.of("BF16", "BF16, rounded"),
                read.peers().stream().map(Result.Peer::name).toList());
        assertEquals(first.details(), read.peers().get(0).details());
        assertEquals(second.details(), read.peers().get(1).details());
        assertEquals(250, read.peers().get(1).peakBytes());
        assertEquals(1, read.ratioTo(read.peers().get(1)), 1e-9);
        JsonNode line = ResultFile.lines(file).get(0);
        assertEquals(2, line.path("ratio_to_peer").asDouble());
        assertEquals(50, line.path("percent_of_peer").asDouble());
        assertEquals(1.54, line.path("memory_ratio_to_peer").asDouble());
        assertEquals(300, line.path("peer_planned_peak_bytes").asInt());
        assertEquals(ResultFile.line(written), ResultFile.line(read), "nothing is lost");
    }

    @Test
    void aLineWithoutRawTimesIsRefused() throws IOException {
        Path file = folder.resolve("old.jsonl");
        Files.writeString(file, "{\"suite\":\"gemm\",\"size\":256,\"f32_gflops\":199.4}\n");
        String message = assertThrows(InvalidArgumentException.class, () -> ResultFile.read(file))
                .getMessage();
        assertTrue(message.contains("line 1") && message.contains("measure again"), message);
        Files.writeString(file, "{}\n{\"suite\":");
        assertTrue(assertThrows(InvalidArgumentException.class, () -> ResultFile.lines(file))
                .getMessage()
                .contains("line 2: not JSON"));
    }

    @Test
    void whatNvidiaSmiAnswers() {
        Map<String, Object> state = GpuState.parse("570.86.15, 1980, 2619, 412.50, 700.00, 53");
        assertEquals("570.86.15", state.get("gpu_driver"));
        assertEquals(1980.0, state.get("sm_clock_mhz"));
        assertEquals(412.5, state.get("power_watts"));
        assertEquals(53.0, state.get("temperature_celsius"));
        assertFalse(GpuState.parse("570.86.15, 1980, 2619, [N/A], [N/A], 53").containsKey("power_watts"));
        assertThrows(InvalidArgumentException.class, () -> GpuState.parse("No devices were found"));
    }

    @Test
    void theEnvironmentSaysWhereFromAndHow() {
        try (Device device = Device.open("cpu")) {
            Map<String, Object> environment = Environment.of(device, "ottava bench norm", "0123");
            assertEquals("cpu", environment.get("device"));
            assertEquals(device.property("processor"), environment.get("processor"));
            assertEquals(Integer.valueOf(device.property("threads")), environment.get("threads"));
            assertEquals("ottava bench norm", environment.get("command"));
            assertTrue(Environment.FIELDS.containsAll(environment.keySet()), environment.toString());
        }
        System.setProperty("ottava.commit", "from the bundle");
        try {
            assertEquals("from the bundle", Environment.commit());
        } finally {
            System.clearProperty("ottava.commit");
        }
        assertTrue(Environment.commit().matches("[0-9a-f]{12,}(-dirty)?|unknown"), Environment.commit());
    }
}
