package dev.ottava.simt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The simt device's own meaning of CUDA's types (BF16, both FP8, F16) is that of CUDA's headers, bit for bit. Needs the headers of a CUDA toolkit, no GPU.
 */
@Tag("build")
class CudaTypesTest {
    private static final Path BUILD = Path.of("target", "native-build");

    @Test
    void conversionsAreThoseOfCudasHeaders() throws Exception {
        boolean toolkit = Files.readAllLines(BUILD.resolve("CMakeCache.txt")).stream()
                .anyMatch(line -> line.startsWith("CUDA_INCLUDE:PATH=") && !line.endsWith("NOTFOUND"));
        assumeTrue(
                toolkit, "no CUDA toolkit: cuda_fp8.h is neither in CUDA_HOME/include nor in /usr/local/cuda/include");
        List<String> build = run("types-build.log", "cmake", "--build", BUILD.toString(), "--target", "simt_types");
        assertTrue(Files.exists(BUILD.resolve("simt/tests/simt_types")), () -> String.join("\n", build));
        List<String> lines =
                run("types.log", BUILD.resolve("simt/tests/simt_types").toString());
        assertEquals(14, lines.size(), () -> String.join("\n", lines));
        assertEquals(
                List.of(),
                lines.stream().filter(line -> !line.endsWith(", 0 differ")).toList());
    }

    private static List<String> run(String log, String... command) throws Exception {
        Path output = BUILD.resolve(log);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        int status = process.waitFor();
        List<String> lines = Files.readAllLines(output);
        assertEquals(0, status, () -> String.join("\n", lines));
        return lines;
    }
}
