package dev.ottava;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** cmake/kernel-resources.txt, which `make cuda-check` writes, speaks of the kernels there are, as they are, and of none that spills registers. */
@Tag("build")
class KernelResourcesTest {
    private static final List<String> ARCHITECTURES = List.of("sm_80", "sm_89", "sm_90a");
    private static final int MOST_IN_A_LIST = 56;
    private static final Path TABLE = Path.of("cmake", "kernel-resources.txt");

    @Test
    void theTableHasEachKernelOnEachArchitecture() throws Exception {
        Set<String> expected = new TreeSet<>();
        Map<String, Integer> inList = new TreeMap<>();
        for (String kernel : kernels()) {
            String[] words = kernel.split(" ");
            for (String architecture : words[2].equals("kernels") ? ARCHITECTURES : List.of("sm_90a")) {
                expected.add(words[0] + " " + words[1] + " " + architecture);
            }
            inList.merge(words[0] + "/" + words[2] + ".h", 1, Integer::sum);
        }
        assertFalse(expected.isEmpty());
        inList.forEach((list, count) ->
                assertTrue(count <= MOST_IN_A_LIST, list + " has " + count + " kernels: nvcc would take long"));
        Set<String> actual = new TreeSet<>();
        for (String[] row : table()) {
            actual.add(row[0] + " " + row[1] + " " + row[2]);
        }
        Set<String> missing = new TreeSet<>(expected);
        missing.removeAll(actual);
        Set<String> gone = new TreeSet<>(actual);
        gone.removeAll(expected);
        assertEquals(Set.of(), missing, "not in the table: run `make cuda-check` where there is an nvcc");
        assertEquals(Set.of(), gone, "in the table, but no kernel any more: run `make cuda-check`");
    }

    @Test
    void theTableIsThatOfThisBuild() throws IOException {
        Path built = Path.of("target", "native-build", "cuda", "resources.txt");
        assumeTrue(Files.exists(built), "this build had no nvcc");
        List<String> now = Files.readAllLines(built);
        List<String> table = Files.readAllLines(TABLE);
        assumeTrue(now.get(0).equals(table.get(0)), "another nvcc: " + now.get(0));
        assertEquals(
                String.join("\n", now),
                String.join("\n", table),
                "the kernels have other registers than the table says: run `make cuda-check`");
    }

    @Test
    void noKernelSpills() throws IOException {
        for (String[] row : table()) {
            assertEquals(0, Integer.parseInt(row[5]), row[1] + " on " + row[2] + ": bytes of stack");
            assertEquals(0, Integer.parseInt(row[6]), row[1] + " on " + row[2] + ": bytes of spills");
        }
    }

    /** Family, name, and list (kernels or sm90_kernels) of each kernel, as the compiler's preprocessor expands the lists. */
    private static List<String> kernels() throws Exception {
        StringBuilder source = new StringBuilder();
        List<Path> lists;
        try (Stream<Path> files = Files.walk(Path.of("src/main/cuda"), 2)) {
            lists = files.filter(file -> file.getFileName().toString().matches("(sm90_)?kernels\\.h"))
                    .toList();
        }
        for (Path list : lists) {
            String family = list.getParent().getFileName().toString();
            String kind = list.getFileName().toString().replace(".h", "");
            String macro = "OTTAVA_" + family.toUpperCase(Locale.ROOT)
                    + (kind.equals("kernels") ? "_KERNELS" : "_SM90_KERNELS");
            source.append("#include \"%s/%s.h\"%n#define FOUND(name, ...) @%s name %s@%n"
                            .formatted(family, kind, family, kind))
                    .append(macro)
                    .append("(FOUND)\n#undef FOUND\n");
        }
        Process preprocessor = new ProcessBuilder(
                        "g++", "-std=c++20", "-E", "-P", "-Inative", "-Isrc/main/cuda", "-x", "c++", "-")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (OutputStream input = preprocessor.getOutputStream()) {
            input.write(source.toString().getBytes(StandardCharsets.UTF_8));
        }
        String expanded = new String(preprocessor.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, preprocessor.waitFor(), "g++ -E of the lists of kernels");
        return Pattern.compile("@(\\w+ \\w+ \\w+)@")
                .matcher(expanded)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    /** The rows: family, kernel, architecture, registers, shared memory, stack, spills. */
    private static List<String[]> table() throws IOException {
        return Files.readAllLines(TABLE).stream()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.trim().split(" +"))
                .toList();
    }
}
