package dev.ottava.simt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The attention kernels for sm_90a beside their definition in double, on many shapes, lists and broken numbers. The program,
 * native/simt/tests/products/sm90_attention.cpp, prints what is wrong.
 */
@Tag("build")
class Sm90AttentionTest {
    @ParameterizedTest
    @ValueSource(strings = {"forward", "reverse", "seed:1"})
    void everyElementIsAsNearAsRoundingAllows(String schedule) throws Exception {
        SimtPrograms.buildTargets("sm90_attention");
        List<String> lines = SimtPrograms.run("sm90_attention", schedule);
        assertEquals("0 wrong", lines.get(lines.size() - 1).replaceFirst(".*, ", ""), () -> String.join("\n", lines));
    }
}
