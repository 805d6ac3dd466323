package dev.ottava.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.CudnnAttention;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@link Cudnn} on a driver and a cuDNN that need no GPU (native/cuda/tests): the graphs that it is given are attention and its gradients, descriptors are made, finished and destroyed as cuDNN's
 * documentation has it, and what is chosen where is what {@link Cudnn} says. That the true cuDNN has engines for these graphs, and that they are deterministic, a GPU shows.
 */
@Tag("build")
class FakeCudnnTest {
    private static final Path BUILD = Path.of("target", "native-build");
    private static final Path DRIVER = BUILD.resolve("cuda/fake_cuda");

    @TempDir
    static Path folder;

    @BeforeAll
    static void buildTheLibraries() throws Exception {
        run(Map.of(), "cmake", "--build", BUILD.toString(), "--target", "fake_cuda", "-j2");
        assumeTrue(!Files.readString(BUILD.resolve("cuda/summary.txt")).contains("none"), "this build had no nvcc");
        String sources = "native/cuda/tests/fake_cudnn";
        library(
                "libcudnn_graph.so.9",
                "-std=c++20",
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                sources + ".cpp",
                sources + "_graph.cpp",
                "-ldl");
        Path empty = Files.writeString(folder.resolve("empty.cpp"), "");
        for (String name : List.of("libcudnn_cnn.so.9", "libcudnn_adv.so.9", "libcudnn_ops.so.9")) {
            library(name, empty.toString());
        }
        for (String name : List.of("libcudart.so.13", "libcublas.so.13")) {
            library(name, empty.toString());
        }
        library("libcublasLt.so.13", "-std=c++20", "native/cuda/tests/fake_cublaslt.cpp", "-ldl");
    }

    private static void library(String name, String... sources) throws Exception {
        List<String> command = new ArrayList<>(List.of("g++", "-shared", "-fPIC", "-Wl,-soname," + name));
        command.addAll(List.of("-o", folder.resolve(name).toString()));
        command.addAll(List.of(sources));
        run(Map.of(), command.toArray(String[]::new));
    }

    @Test
    void attentionIsThatOfTheContract() throws Exception {
        String printed = java(Map.of(), RunTests.class.getName(), CudnnContractTest.class.getName());
        assertEquals("3 passed, 0 failed", printed.strip());
    }

    /** Says what the device chose, and then why not cuDNN for each pass, or that it was. */
    static final class Ask {
        private Ask() {}

        public static void main(String[] args) {
            try (Device device = Device.open("cuda");
                    Tensor q = device.empty(DType.BF16, 1, 64, 2, 64).fill(1);
                    Tensor sums = device.empty(DType.F32, 1, 2, 64)) {
                System.out.println(device.property("attention"));
                for (AttentionPass pass : AttentionPass.values()) {
                    try {
                        System.out.println(CudnnAttention.missing(pass, q, q, 64, 1));
                    } catch (OttavaException e) {
                        System.out.println(e.getMessage());
                    }
                }
                Attention.forward(q, sums, q, q, q, 64, 1);
                System.out.println(sums.toFloats()[127]);
            } catch (OttavaException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static final String DETERMINISTIC = "cuDNN's engine for it is not deterministic";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | 9.0 | cuDNN 9.19.0 | '' | '' | '' | ''",
                "'' | 8.0 | 'cuDNN 9.19.0, gradients by Ottava: cuDNN''s are known to be deterministic on compute capability 9 alone' | '' | '' |"
                        + " its gradients are known to be deterministic on compute capability 9 alone, and this is 8.0 | ''",
                "nondeterministic | 9.0 | cuDNN 9.19.0 | '' | " + DETERMINISTIC + " | " + DETERMINISTIC + " | ''",
                "unsupported | 9.0 | cuDNN 9.19.0 | 'CUDNN_STATUS_NOT_SUPPORTED, no engine today' | 'CUDNN_STATUS_NOT_SUPPORTED, no engine today' |"
                        + " 'CUDNN_STATUS_NOT_SUPPORTED, no engine today' | 'CUDNN_STATUS_NOT_SUPPORTED, no engine today'",
            })
    void whatIsChosen(
            String mode,
            String capability,
            String property,
            String inference,
            String training,
            String backward,
            String unordered)
            throws Exception {
        String[] lines = ask(Map.of("OTTAVA_FAKE_CUDNN", mode, "OTTAVA_FAKE_CUDA_CAPABILITY", capability));
        assertEquals(
                List.of(property, inference, training, backward, unordered),
                List.of(lines).subList(0, 5));
        assertEquals(64 + Math.log(64), Double.parseDouble(lines[5]), 1e-3); // whoever did it
    }

    @Test
    void anEngineThatWantsTooMuchWorkspace() throws Exception {
        for (String line :
                List.of(ask(Map.of("OTTAVA_FAKE_CUDNN", "workspace"))).subList(1, 5)) {
            assertEquals("cuDNN's engine for it wants 2048 MiB of workspace, and 1024 MiB are the most", line);
        }
    }

    @Test
    void anOldLibraryAndNoneWantedAreNamed() throws Exception {
        assertEquals(
                "Ottava (no cuDNN: cuDNN 9.8.0 is there, and 9.11 is the oldest that will do)",
                ask(Map.of("OTTAVA_FAKE_CUDNN", "old"))[0]);
        String[] without = ask(Map.of("OTTAVA_CUDNN", "none"));
        assertEquals("Ottava (no cuDNN: OTTAVA_CUDNN=none)", without[0]);
        assertTrue(without[1].startsWith("the device is without it"), without[1]);
        assertEquals(64 + Math.log(64), Double.parseDouble(without[5]), 1e-3);
    }

    @Test
    void aMissingLibraryIsNamed() throws Exception {
        Path without = Files.createDirectory(folder.resolve("without"));
        for (String name : List.of("libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13")) {
            Files.createLink(without.resolve(name), folder.resolve(name));
        }
        String property = ask(Map.of("LD_LIBRARY_PATH", DRIVER.toAbsolutePath() + ":" + without))[0];
        assertTrue(
                property.matches(
                        "Ottava \\(no cuDNN: libcudnn_\\w+.so.9 is not there: put the folder of cuDNN 9's libraries"
                                + " on LD_LIBRARY_PATH\\)"),
                property);
    }

    /** Only what is not supported is left to our kernel: what fails is told. */
    @Test
    void aFailureIsNoReasonToFallBack() throws Exception {
        String[] lines = ask(Map.of("OTTAVA_FAKE_CUDNN", "fail"));
        assertEquals(
                "cuda: cudnnBackendExecute of attention (training) of 1 x 64, 2 / 2 heads of 64 failed:"
                        + " CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER, as it was told to; OTTAVA_CUDNN=none in the environment makes"
                        + " Ottava's own kernel do it",
                lines[5]);
        assertEquals(6, lines.length);
    }

    private static String[] ask(Map<String, String> environment) throws Exception {
        return java(environment, Ask.class.getName()).split("\n");
    }

    private static String java(Map<String, String> environment, String... main) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx512m",
                "-Dottava.devices=cuda",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(main));
        return run(environment, command.toArray(String[]::new));
    }

    private static String run(Map<String, String> environment, String... command)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LD_LIBRARY_PATH", DRIVER.toAbsolutePath() + ":" + folder);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        return printed;
    }
}
