package dev.ottava.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link CublasLt} on a driver and a cuBLASLt that need no GPU (native/cuda/tests): what it tells cuBLASLt of layouts, transposes, pitches, biases, scales, alignments and
 * workspace gives the products that our conventions mean. That the true cuBLASLt agrees with its documentation, a GPU shows.
 */
@Tag("build")
class FakeCublasLtTest {
    private static final Path BUILD = Path.of("target", "native-build");
    private static final Path DRIVER = BUILD.resolve("cuda/fake_cuda");

    @TempDir
    static Path folder;

    @BeforeAll
    static void buildTheLibraries() throws Exception {
        run(List.of("cmake", "--build", BUILD.toString(), "--target", "fake_cuda", "-j2"), "");
        assumeTrue(!Files.readString(BUILD.resolve("cuda/summary.txt")).contains("none"), "this build had no nvcc");
        String source = "native/cuda/tests/fake_cublaslt.cpp";
        run(library("libcublasLt.so.13", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-O2", source, "-ldl"), "");
        Path empty = Files.writeString(folder.resolve("empty.cpp"), "");
        for (String name : List.of("libcublas.so.13", "libcudart.so.13")) {
            run(library(name, empty.toString()), "");
        }
    }

    private static List<String> library(String name, String... sources) {
        List<String> command = new ArrayList<>(List.of("g++", "-shared", "-fPIC", "-Wl,-soname," + name));
        command.addAll(List.of("-o", folder.resolve(name).toString()));
        command.addAll(List.of(sources));
        return command;
    }

    @Test
    void productsAreThoseOfTheContractAndCanBeRecorded() throws Exception {
        String printed = run(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx512m",
                        "-Dottava.devices=cuda",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RunTests.class.getName(),
                        "dev.ottava.kernel.GemmContractTest",
                        "dev.ottava.cuda.CublasLtContractTest",
                        "dev.ottava.train.StepGraphsContractTest#aGraphGivesTheSameBits("
                                + "dev.ottava.train.TrainingOptions$OptimizerKind,java.lang.String,double,int)"),
                DRIVER.toAbsolutePath() + ":" + folder);
        assertEquals("14 passed, 0 failed", printed.strip());
    }

    private static String run(List<String> command, String libraries) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LD_LIBRARY_PATH", libraries);
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        return printed;
    }
}
