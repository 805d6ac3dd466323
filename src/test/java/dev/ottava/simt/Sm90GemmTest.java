package dev.ottava.simt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The kernels of the FP8 product for sm_90a, below the C ABI: each tile with each way of sharing operands in a cluster, which the choice by shape would not
 * reach at small shapes, and that choice itself. The program, native/simt/tests/products/sm90_gemm.cpp, prints what is wrong.
 */
@Tag("build")
class Sm90GemmTest {
    private static final Path BUILD = Path.of("target", "native-build");

    @ParameterizedTest
    @ValueSource(strings = {"forward", "reverse", "seed:1"})
    void everyTileIsExact(String schedule) throws Exception {
        run("forward", "cmake", "--build", BUILD.toString(), "--target", "sm90_gemm");
        String output = run(schedule, BUILD.resolve("simt/tests/sm90_gemm").toString());
        assertEquals("0 wrong", output.strip().replaceFirst("(?s).*, ", ""), output);
    }

    /** What nvcc makes of the source are instructions of the tensor cores on these types, and TMA. */
    @Test
    void theCompilerSeesTensorCores() throws Exception {
        String nvcc = Files.readAllLines(BUILD.resolve("CMakeCache.txt")).stream()
                .filter(line -> line.startsWith("OTTAVA_NVCC:FILEPATH=") && !line.endsWith("NOTFOUND"))
                .map(line -> line.substring(line.indexOf('=') + 1))
                .findFirst()
                .orElse(null);
        assumeTrue(nvcc != null, "the build found no nvcc");
        Path source = BUILD.resolve("sm90-gemm.cu");
        Path ptx = BUILD.resolve("sm90-gemm.ptx");
        StringBuilder text = new StringBuilder(
                "#include \"gemm/sm90_kernels.h\"\n#include \"common/export.cuh\"\nnamespace ottava {\n");
        for (String pair : List.of("e4m3, e4m3", "e5m2, e4m3", "e4m3, e5m2")) {
            text.append("OTTAVA_SM90_STORE(OTTAVA_EXPORT, %s, %s, 64, 64, fast, false)\n"
                    .formatted(pair.replace(", ", "_"), pair));
        }
        Files.writeString(source, text.append("}\n"));
        run(
                "nvcc",
                nvcc,
                "-std=c++17",
                "-Isrc/main/cuda",
                "-arch=sm_90a",
                "-ptx",
                "-o",
                ptx.toString(),
                source.toString());
        String instructions = Files.readString(ptx);
        for (String types : List.of("e4m3.e4m3", "e5m2.e4m3", "e4m3.e5m2")) {
            String product = "wgmma.mma_async.sync.aligned.m64n32k32.f32." + types;
            assertTrue(instructions.contains(product), product);
        }
        assertTrue(instructions.contains("cp.async.bulk.tensor.2d.shared::cluster.global.tile"), "TMA");
    }

    private static String run(String schedule, String... command) throws Exception {
        Path output = BUILD.resolve("sm90-gemm-" + schedule.replace(':', '-') + ".txt");
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("OTTAVA_SIMT_SCHEDULE", schedule);
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        int status = process.waitFor();
        String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
        assertEquals(0, status, text);
        return text;
    }
}
