package dev.ottava.simt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The proof that the proof works: small kernels, each right and with one planted bug, in each mode of the simt device. The right ones pass in all modes, each
 * bug is caught in at least one, and which modes catch which bug is what docs/simt.md says.
 */
@Tag("build")
class PlantedBugsTest {
    private static final Path BUILD = Path.of("target", "native-build");

    /** Program and schedule of each mode, by the heading of its column. */
    private static final Map<String, List<String>> MODES = new LinkedHashMap<>();

    static {
        MODES.put("forward", List.of("simt_bugs", "forward"));
        MODES.put("reverse", List.of("simt_bugs", "reverse"));
        MODES.put("seed 1", List.of("simt_bugs", "seed:1"));
        MODES.put("seed 2", List.of("simt_bugs", "seed:2"));
        MODES.put("races", List.of("simt_bugs_raced", "forward"));
        MODES.put("sanitizers", List.of("simt_bugs_sanitized", "forward"));
    }

    @Test
    void eachBugIsCaughtAsTheTableSays() throws Exception {
        Path log = BUILD.resolve("simt-tests.log");
        Process build = new ProcessBuilder(
                        "cmake",
                        "--build",
                        BUILD.toString(),
                        "--target",
                        "simt_bugs",
                        "simt_bugs_sanitized",
                        "simt_bugs_raced",
                        "-j2")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertEquals(0, build.waitFor(), () -> read(log));

        Map<String, List<String>> table = new TreeMap<>();
        List<String> refusedThoughRight = new ArrayList<>();
        for (List<String> mode : MODES.values()) {
            for (String line : run(mode.get(0), mode.get(1))) {
                String[] fields = line.split("\t", 3);
                if (fields[1].equals("wrong")) {
                    table.computeIfAbsent(fields[0], bug -> new ArrayList<>()).add(verdict(fields[2]));
                } else if (!fields[2].equals("passes")) {
                    refusedThoughRight.add(mode + " " + line);
                }
            }
        }
        assertEquals(List.of(), refusedThoughRight);
        assertTrue(table.size() >= 25, () -> "only " + table.size() + " bugs");
        List<String> missed = table.entrySet().stream()
                .filter(row -> row.getValue().stream().allMatch("passes"::equals))
                .map(Map.Entry::getKey)
                .toList();
        assertEquals(List.of(), missed, "bugs that no mode catches");

        String expected = table.entrySet().stream()
                .map(row -> "| " + row.getKey().replace('_', ' ') + " | " + String.join(" | ", row.getValue()) + " |")
                .collect(Collectors.joining("\n"));
        String page = Files.readString(Path.of("docs", "simt.md"));
        assertTrue(page.contains(expected), () -> "the table of docs/simt.md is now\n" + expected);
    }

    /** The word of the table for what was found. */
    private static String verdict(String found) {
        if (found.equals("passes") || found.equals("wrong numbers")) {
            return found;
        }
        assertFalse(found.startsWith("ended with"), found);
        if (found.startsWith("RACE")) {
            return "both lines";
        }
        return found.startsWith("SUMMARY") ? "the line" : "reported";
    }

    private static List<String> run(String program, String schedule) throws Exception {
        Path output = BUILD.resolve(program + "-" + schedule.replace(':', '-') + ".tsv");
        ProcessBuilder builder =
                new ProcessBuilder(BUILD.resolve("simt/tests").resolve(program).toString());
        builder.environment().put("OTTAVA_SIMT_SCHEDULE", schedule);
        builder.environment().put("ASAN_OPTIONS", "detect_leaks=0:use_sigaltstack=0");
        builder.environment().put("UBSAN_OPTIONS", "print_summary=1");
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertEquals(0, process.waitFor(), () -> read(output));
        return Files.readAllLines(output);
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            return failure.toString();
        }
    }
}
