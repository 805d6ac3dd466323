package dev.ottava.simt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The kernels themselves under AddressSanitizer and UndefinedBehaviorSanitizer, and under the race checker: each operation on small shapes that a seed draws. The
 * program ends with an error when a kernel is never launched.
 */
@Tag("build")
class CheckedKernelsTest {
    @Test
    void everyKernelUnderTheSanitizersAndTheRaceChecker() throws Exception {
        SimtPrograms.build("simt_kernels");
        check("forward", 1);
    }

    @Test
    @Tag("long")
    void otherShapesInOtherSchedules() throws Exception {
        SimtPrograms.build("simt_kernels");
        for (int seed = 2; seed <= 12; seed++) {
            check(List.of("forward", "reverse", "seed:" + seed).get(seed % 3), seed);
        }
    }

    /** What the compiler adds changes no bit. */
    private static void check(String schedule, int seed) throws Exception {
        List<String> plain = SimtPrograms.run("simt_kernels", schedule, Integer.toString(seed));
        assertFalse(plain.isEmpty());
        for (String variant : List.of("simt_kernels_sanitized", "simt_kernels_raced")) {
            assertEquals(
                    plain, SimtPrograms.run(variant, schedule, Integer.toString(seed)), variant + ", seed " + seed);
        }
    }

    /** The program looks for the kernels of these lists; the primitives of conformance are checked by tests of their own. */
    @Test
    void theListsOfAllFamiliesAreLookedThrough() throws IOException {
        String program = Files.readString(Path.of("native", "simt", "tests", "kernels", "main.cpp"));
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "cuda"))) {
            for (Path list : files.filter(file -> file.getFileName().toString().endsWith("kernels.h"))
                    .filter(file -> !file.getParent().endsWith("conformance"))
                    .toList()) {
                Matcher macro =
                        Pattern.compile("#define (OTTAVA_\\w+_KERNELS)\\(X\\)").matcher(Files.readString(list));
                assertTrue(macro.find(), list + " has no list OTTAVA_..._KERNELS(X)");
                assertTrue(
                        program.contains(macro.group(1) + "(NAME)"),
                        () -> macro.group(1) + " is not in the program simt_kernels");
            }
        }
    }
}
