package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo with too few steps to learn anything, which has to say so. */
class DemoTest {
    @TempDir
    Path folder;

    @Test
    void aModelThatLearntNothingIsAFailure() throws IOException {
        Path checkout = Files.createDirectories(folder.resolve("checkout"));
        for (int i = 0; i < 40; i++) {
            Files.writeString(checkout.resolve("page" + i + ".md"), ("Page " + i + " of a small book.\n").repeat(12));
        }
        System.setProperty("ottava.home", checkout.toString());
        try {
            Cli demo = Cli.run(
                    "demo", "--steps", "2", "--output", folder.resolve("run").toString());
            assertEquals(1, demo.code(), demo.err() + demo.out());
            assertEquals("", demo.err());
            assertTrue(demo.out().contains("ottava train --preset demo-3m"), demo.out());
            assertTrue(demo.out().matches("(?s).*held-out loss \\d.* nats .* a bigram model .* \\d.*"), demo.out());
            assertTrue(demo.out().contains("the model is not better"), demo.out());
            assertTrue(demo.out().contains("a sample"), demo.out());
            Path report = folder.resolve("run/model/report.html");
            assertTrue(demo.out().contains(report.toString()), demo.out());
            assertTrue(Files.exists(report));
        } finally {
            System.clearProperty("ottava.home");
        }
    }

    @Test
    void withoutACheckoutItSaysHowToStart() {
        Cli demo = Cli.run("demo");
        assertEquals(2, demo.code());
        assertTrue(demo.err().contains("bin/ottava"), demo.err());
    }
}
