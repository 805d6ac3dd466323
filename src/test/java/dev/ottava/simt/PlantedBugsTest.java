package dev.ottava.simt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
        SimtPrograms.build("simt_bugs");
        Map<String, List<String>> table = new TreeMap<>();
        List<String> refusedThoughRight = new ArrayList<>();
        for (List<String> mode : MODES.values()) {
            for (String line : SimtPrograms.run(mode.get(0), mode.get(1))) {
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

    /** With other seeds the right kernels pass as well, and what becomes of the bugs is one of the words of the table. */
    @Test
    @Tag("long")
    void moreSeeds() throws Exception {
        SimtPrograms.build("simt_bugs");
        for (int seed = 3; seed <= 20; seed++) {
            for (String line : SimtPrograms.run("simt_bugs", "seed:" + seed)) {
                String[] fields = line.split("\t", 3);
                String verdict = verdict(fields[2]);
                assertTrue(fields[1].equals("wrong") || verdict.equals("passes"), "seed " + seed + ": " + line);
            }
        }
    }
}
