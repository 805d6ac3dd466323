package dev.ottava.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where something of CUDA is missing, one line says what, and nothing crashes. What is missing is decided when a process starts, so each case has its own. */
@Tag("build")
class CublasLtTest {
    @TempDir
    Path folder;

    /** Prints whether cuBLASLt is there, twice, because a class that failed to initialise fails differently the second time. */
    static final class Ask {
        private Ask() {}

        public static void main(String[] args) {
            System.out.println(CublasLt.available() + " " + CublasLt.reason());
            System.out.println(CublasLt.available() + " " + CublasLt.reason());
        }
    }

    @Test
    void withoutTheJarOfThePresets() throws Exception {
        assertEquals(
                "false the jar org.bytedeco:cuda is not on the class path", answer(jar -> !jar.startsWith("cuda-")));
    }

    @Test
    void withoutTheJarOfTheirNatives() throws Exception {
        String answer = answer(jar -> !jar.matches("cuda-.*-(linux|windows)-.*"));
        assertTrue(answer.matches("false the jar org.bytedeco:cuda of \\S+ is not on the class path"), answer);
    }

    @Test
    void withoutADriver() throws Exception {
        assumeFalse(CublasLt.available(), "this machine has a driver and CUDA's libraries");
        assertEquals("false libcuda.so.1 is not there: NVIDIA's driver brings it", answer(jar -> true));
    }

    /** Empty libraries satisfy the dynamic linker, which looks for functions when they are called. */
    @Test
    void whatIsMissingIsNamedUntilAllIsThere() throws Exception {
        assumeFalse(CublasLt.available(), "this machine has a driver and CUDA's libraries");
        emptyLibrary("libcuda.so.1");
        String answer = answer(jar -> true);
        String missing = "false (\\S+) is not there: put the folder of CUDA 13's libraries on LD_LIBRARY_PATH";
        assertTrue(answer.matches(missing), answer);
        for (String library : new String[] {"libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13"}) {
            assertTrue(answer.matches(missing), answer);
            emptyLibrary(library);
            String next = answer(jar -> true);
            assertTrue(!next.contains(library), next);
            answer = next;
        }
        assertEquals("true ", answer);
    }

    private void emptyLibrary(String name) throws Exception {
        Path source = Files.writeString(folder.resolve("empty.c"), "");
        Process compiler = new ProcessBuilder(
                        "g++",
                        "-shared",
                        "-Wl,-soname," + name,
                        "-o",
                        folder.resolve(name).toString(),
                        "-xc",
                        source.toString())
                .inheritIO()
                .start();
        assertEquals(0, compiler.waitFor());
    }

    private String answer(Predicate<String> jars) throws IOException, InterruptedException {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(path -> Files.isDirectory(Path.of(path)) || jars.test(new File(path).getName()))
                .collect(Collectors.joining(File.pathSeparator));
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classPath,
                        Ask.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("LD_LIBRARY_PATH", folder.toString());
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        String[] lines = printed.split("\n");
        assertEquals(2, lines.length, printed);
        assertEquals(lines[0], lines[1]);
        return lines[0];
    }
}
