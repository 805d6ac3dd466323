package dev.ottava.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ottava.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The cuda device on a driver that needs no GPU (native/cuda/tests): all of the host code, and the names and parameters of the kernels in the images that
 * nvcc made. docs/cuda.md says what it proves and what not.
 */
@Tag("build")
class FakeDriverTest {
    private static final Path BUILD = Path.of("target", "native-build");
    private static final Path FAKE = BUILD.resolve("cuda/fake_cuda");
    private static boolean kernels;

    @BeforeAll
    static void buildTheDriver() throws Exception {
        Path log = BUILD.resolve("cuda-tests.log");
        Process build = new ProcessBuilder(
                        "cmake", "--build", BUILD.toString(), "--target", "fake_cuda", "old_cuda", "-j2")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertEquals(0, build.waitFor(), () -> read(log));
        kernels = !Files.readString(BUILD.resolve("cuda/summary.txt")).contains("none");
    }

    private record Child(int code, String out, String err) {}

    private static Child java(Path driver, Map<String, String> environment, List<String> options, String... main)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(options);
        command.addAll(List.of(main));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LD_LIBRARY_PATH", driver.toString());
        builder.environment().putAll(environment);
        Path out = Files.createTempFile("out", ".txt");
        Path err = Files.createTempFile("err", ".txt");
        int code = builder.redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();
        Child child = new Child(code, read(out), read(err));
        Files.delete(out);
        Files.delete(err);
        return child;
    }

    private static String probe(Map<String, String> environment, String... what) throws Exception {
        List<String> main = new ArrayList<>(List.of(Probe.class.getName()));
        main.addAll(List.of(what));
        Child child = java(FAKE, environment, List.of(), main.toArray(String[]::new));
        assertEquals("", child.err());
        assertEquals(0, child.code());
        return child.out().strip();
    }

    private static Map<String, String> capability(String capability) {
        return Map.of("OTTAVA_FAKE_CUDA_CAPABILITY", capability);
    }

    @Test
    void everyContractAndTheGoldenTracesHold() throws Exception {
        assumeTrue(kernels);
        Child child = java(FAKE, Map.of(), List.of("-Dottava.devices=cuda"), RunTests.class.getName());
        assertFalse(child.err().contains("fake CUDA driver"), child.err());
        Matcher counts = Pattern.compile("(\\d+) passed, 0 failed").matcher(child.out());
        assertTrue(counts.find(), child.out() + child.err());
        assertTrue(Integer.parseInt(counts.group(1)) > 50, child.out());
    }

    @Test
    void stepsThatAreLaunchedFromGraphsAreThoseThatAreNot() throws Exception {
        assumeTrue(kernels);
        Child child = java(
                FAKE,
                Map.of(),
                List.of("-Dottava.devices=cuda"),
                RunTests.class.getName(),
                "dev.ottava.train.StepGraphsContractTest");
        assertEquals("", child.err());
        assertEquals("16 passed, 0 failed", child.out().strip());
    }

    @Test
    void graphsAreRecordedAndLaunched() throws Exception {
        assumeTrue(kernels);
        assertEquals("""
                graph: [1.0]
                [8.0]
                [6.0]
                cuda:0: a copy to the host cannot be recorded in a graph
                cuda:0: a copy to the device cannot be recorded in a graph
                cuda:0: a wait for the device cannot be recorded in a graph
                cuda:0: an event cannot be recorded in a graph
                what is recorded in a graph needs 4000 bytes for workspace, which are not idle
                cuda:0: another recording cannot be recorded in a graph""", probe(Map.of(), "graph"));
    }

    @Test
    void anErrorInAGraphIsNotLaidToTheKernelThatWasRecordedLast() throws Exception {
        assumeTrue(kernels);
        assertEquals(
                "graph: DeviceException: cuda:0: copy to the host: CUDA_ERROR_ILLEGAL_ADDRESS, as the fake driver says;"
                        + " the last kernel launched before was one of a graph; nothing more can be computed there"
                        + " in this process",
                probe(Map.of("OTTAVA_FAKE_CUDA_FAIL", "launch:2:700"), "graph"));
    }

    @Test
    void aRecordingThatTheDriverRefusesIsToldAndForgotten() throws Exception {
        assumeTrue(kernels);
        assertEquals(
                "graph: DeviceException: cuda:0: recording a graph: CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, as the fake"
                        + " driver says\nadd: [2.0, 4.0, 6.0]",
                probe(Map.of("OTTAVA_FAKE_CUDA_FAIL", "record:1:901"), "graph", "add"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "8.0 | sm_80, the kernels of sm_80, which run on compute capability 8.0",
                "8.6 | sm_80, the kernels of sm_80, which run on compute capability 8.6",
                "8.7 | sm_80, the kernels of sm_80, which run on compute capability 8.7",
                "8.9 | sm_89, the kernels of sm_89, which are made for compute capability 8.9",
                "9.0 | sm_90a, the kernels of sm_90a, which are made for compute capability 9.0",
                "10.0 | compute_89, the portable kernels as PTX of compute_89, compiled by the driver: none are made for"
                        + " compute capability 10.0",
                "12.1 | compute_89, the portable kernels as PTX of compute_89, compiled by the driver: none are made for"
                        + " compute capability 12.1",
            })
    void theKernelsAreThoseOfTheGpu(String capability, String expected) throws Exception {
        assumeTrue(kernels);
        assertEquals(
                "kernels: " + expected + "\nadd: [2.0, 4.0, 6.0]", probe(capability(capability), "kernels", "add"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "7.5 | UnsupportedException: cuda:0 (fake GPU): compute capability 7.5 is older than 8.0 (Ampere), which the"
                        + " kernels need",
                "none | UnsupportedException: the CUDA driver (for CUDA 13.0) finds no GPU that it can use:"
                        + " CUDA_ERROR_NO_DEVICE, as the fake driver says",
            })
    void whatCannotBeUsedIsRefused(String capability, String expected) throws Exception {
        assertEquals("kernels: " + expected, probe(capability(capability), "kernels"));
    }

    @Test
    void aGpuThatIsNotThereIsRefused() throws Exception {
        assertEquals(
                "second: UnsupportedException: cuda:1: this machine has 1 CUDA devices, counted from 0",
                probe(Map.of(), "second"));
    }

    @Test
    void afterAnErrorInAKernelEveryCallTellsOfIt() throws Exception {
        assumeTrue(kernels);
        String error = "cuda:0: copy to the host: CUDA_ERROR_ILLEGAL_ADDRESS, as the fake driver says; the last kernel"
                + " launched before was any_add_f32; nothing more can be computed there in this process";
        assertEquals(
                "thrice: " + error + " | " + error + " | \nadd: DeviceException: " + error,
                probe(Map.of("OTTAVA_FAKE_CUDA_FAIL", "launch:3:700"), "thrice", "add"));
    }

    @Test
    void outOfMemoryIsSaidWithWhatIsFree() throws Exception {
        assumeTrue(kernels);
        // Each of the two devices that are open has 64 MiB of scratch memory.
        assertEquals(
                "allocate: 2 cuda:0: 3221225472 bytes cannot be allocated; 939524096 of 1073741824 bytes are free,"
                        + " 1006632960",
                probe(Map.of("OTTAVA_FAKE_CUDA_MEMORY", "1073741824"), "allocate"));
    }

    @Test
    void anAllocationRefusedOnceIsTriedAgain() throws Exception {
        assumeTrue(kernels);
        assertEquals("add: [2.0, 4.0, 6.0]", probe(Map.of("OTTAVA_FAKE_CUDA_FAIL", "allocate:1:2"), "add"));
    }

    @Test
    void anOldDriverIsNamedWithWhatItLacks() throws Exception {
        Child child = java(BUILD.resolve("cuda/old_cuda"), Map.of(), List.of(), Probe.class.getName(), "kernels");
        assertEquals(
                "kernels: UnsupportedException: the CUDA driver (libcuda.so.1, for CUDA 11.4) has no cuGetErrorName:"
                        + " it is too old, update it",
                child.out().strip());
    }

    @ParameterizedTest
    @CsvSource({"8.6, 80", "10.0, 89", "9.0, 90"})
    void conformanceRunsTheKernelsOfTheGpu(String capability, int architecture) throws Exception {
        assumeTrue(kernels);
        Child child =
                java(FAKE, capability(capability), List.of(), Main.class.getName(), "conformance", "--device", "cuda");
        assertEquals(0, child.code(), child.out() + child.err());
        assertTrue(child.out().contains(" cases, 0 wrong"), child.out());
        assertEquals(architecture >= 89, child.out().contains("mma e4m3 e5m2 "), child.out());
        assertEquals(architecture == 90, child.out().contains("wgmma s8 s8 n64 "), child.out());
    }

    @Test
    void theCommandLineSaysWhatThereIs() throws Exception {
        Child doctor = java(FAKE, Map.of(), List.of(), Main.class.getName(), "doctor");
        assertEquals(0, doctor.code(), doctor.err());
        if (!kernels) {
            String reason = "cuda:0: this build carries no CUDA kernels: it was made without nvcc";
            assertTrue(doctor.out().contains(reason), doctor.out());
            return;
        }
        assertTrue(doctor.out().contains("CUDA driver     found      for CUDA 13.0"), doctor.out());
        assertTrue(doctor.out().contains("found      fake GPU, compute capability 9.0"), doctor.out());
        assertTrue(doctor.out().contains("found      the kernels of sm_90a"), doctor.out());
        assertTrue(doctor.out().contains("15.9 GiB free of 16.0 GiB"), doctor.out());
    }

    @Test
    void autoTakesTheCpuAndSaysWhyWhereTheGpuCannotBeUsed() throws Exception {
        Child plan = java(
                FAKE,
                capability("7.5"),
                List.of(),
                Main.class.getName(),
                "plan",
                "--preset",
                "demo-3m",
                "--device",
                "auto");
        assertEquals(0, plan.code(), plan.err());
        assertEquals(
                "ottava: computing on cpu: cuda:0 (fake GPU): compute capability 7.5 is older than 8.0 (Ampere), which the"
                        + " kernels need",
                plan.err().strip());
    }

    @Test
    void withoutADriverTheExitCodeIsTwo() throws Exception {
        Path none = Files.createTempDirectory("none");
        Child plan = java(
                none, Map.of(), List.of(), Main.class.getName(), "plan", "--preset", "demo-3m", "--device", "cuda");
        assumeFalse(plan.code() == 0, "this machine has a driver");
        assertEquals(2, plan.code());
        assertEquals(
                "ottava: no CUDA driver (libcuda.so.1) on this machine: where there is an NVIDIA GPU, NVIDIA's driver"
                        + " brings it",
                plan.err().strip());
        Files.delete(none);
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            return failure.toString();
        }
    }
}
