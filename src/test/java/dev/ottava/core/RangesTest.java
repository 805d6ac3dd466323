package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.data.Batch;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.train.TrainingOptions;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingStep;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranges as a profiler sees them: native/cuda/tests/fake_nvtx.cpp, in a process of its own, which the variables of its environment tell of it. */
@Tag("build") // compiles the profiler
class RangesTest {
    @TempDir
    static Path folder;

    private static Path profiler;

    @BeforeAll
    static void buildTheProfiler() throws Exception {
        profiler = folder.resolve("fake_nvtx.so");
        List<String> command = List.of(
                "g++",
                "-shared",
                "-fPIC",
                "-std=c++20",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-o",
                profiler.toString(),
                "native/cuda/tests/fake_nvtx.cpp");
        assertEquals("0: ", run(command, Map.of()));
    }

    /** One step of a model of two layers. */
    public static void main(String[] arguments) {
        LlamaConfig config = LlamaConfig.llama(20, 32, 48, 2, 2, 1, 64, -1, -1);
        try (Device device = Device.open("cpu");
                LlamaModel model = LlamaModel.initialize(config, device, Precision.F32, 0);
                TrainingStep step = new TrainingStep(
                        model, TrainingOptions.defaults(OptimizerKind.LOMO, 1).with(o -> {
                            o.recomputeBlocks = arguments.length > 0;
                        }))) {
            int[] ids = {1, 2, 3, 4};
            step.run(List.of(new Batch(1, 4, ids, ids, 4, 4)), 1, 0.01);
        } catch (OttavaException e) {
            System.out.print(e.getMessage());
        }
    }

    private static String run(List<String> command, Map<String, String> environment) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("OTTAVA_NVTX", "NVTX_INJECTION64_PATH"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() + ": " + printed;
    }

    private static String train(Map<String, String> environment, String... arguments) throws Exception {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        List<String> command = new ArrayList<>(List.of(
                java.toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                RangesTest.class.getName()));
        command.addAll(List.of(arguments));
        return run(command, environment);
    }

    private static List<String> ranges(String... arguments) throws Exception {
        Path log = folder.resolve("log");
        Files.deleteIfExists(log);
        assertEquals(
                "0: ",
                train(
                        Map.of(
                                "OTTAVA_NVTX",
                                "1",
                                "NVTX_INJECTION64_PATH",
                                profiler.toString(),
                                "FAKE_NVTX_LOG",
                                log.toString()),
                        arguments));
        return Files.readAllLines(log);
    }

    @Test
    void layersAndOperationsInTheirOrder() throws Exception {
        List<String> ranges = ranges();
        List<String> layer = List.of(
                "rms_norm",
                "linear",
                "linear",
                "linear",
                "rope",
                "rope",
                "attention",
                "linear",
                "add",
                "rms_norm",
                "linear",
                "linear",
                "swiglu",
                "linear",
                "add");
        List<String> expected = new ArrayList<>(List.of("embedding forward"));
        for (int i = 0; i < 2; i++) {
            for (String operation : layer) {
                expected.add("layer " + i + "/" + operation + " forward");
            }
        }
        expected.addAll(List.of("rms_norm forward", "loss forward"));
        List<String> backward = expected.stream()
                .map(name -> name.replace(" forward", " backward"))
                .collect(Collectors.toList());
        Collections.reverse(backward);
        expected.addAll(backward);
        assertEquals(expected, ranges);
    }

    /** Inside of the backward pass the layer runs forward again. */
    @Test
    void layersThatRunAgain() throws Exception {
        Map<String, Integer> counts = new TreeMap<>();
        ranges("recompute").forEach(name -> counts.merge(name, 1, Integer::sum));
        assertEquals(2, counts.get("layer 1/attention forward"), counts.toString());
        assertEquals(1, counts.get("layer 1/attention backward"), counts.toString());
    }

    @Test
    void withoutTheVariableTheProfilerIsNotLoaded() throws Exception {
        Path log = folder.resolve("unwanted");
        assertEquals(
                "0: ", train(Map.of("NVTX_INJECTION64_PATH", profiler.toString(), "FAKE_NVTX_LOG", log.toString())));
        assertFalse(Files.exists(log));
    }

    @Test
    void aProfilerThatCannotBeAttachedIsNamed() throws Exception {
        assertEquals("0: ", train(Map.of("OTTAVA_NVTX", "1")), "nobody listens");
        String missing = train(Map.of("OTTAVA_NVTX", "1", "NVTX_INJECTION64_PATH", "/no/such.so"));
        assertTrue(missing.startsWith("0: NVTX_INJECTION64_PATH: /no/such.so cannot be loaded"), missing);
        assertEquals(
                "0: NVTX_INJECTION64_PATH: " + profiler + " refuses to start",
                train(Map.of(
                        "OTTAVA_NVTX", "1", "NVTX_INJECTION64_PATH", profiler.toString(), "FAKE_NVTX_REFUSES", "1")));
    }
}
