package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the commands say about this machine and about themselves. */
class DoctorTest {
    @Test
    void everyLineSaysWhetherAndWhy() {
        Cli doctor = Cli.run("doctor");
        assertEquals(0, doctor.code(), doctor.out() + doctor.err());
        for (String what : new String[] {
            "Java ",
            "system",
            "native library",
            "device cpu",
            "instructions",
            "threads",
            "memory",
            "oneDNN",
            "native bf16",
            "CUDA driver",
            "device cuda",
            "tokenizers"
        }) {
            assertTrue(
                    doctor.out().lines().anyMatch(line -> line.matches(what + "\\s+(found|not found)\\s+\\S.*")),
                    what + ": " + doctor.out());
        }
        assertTrue(doctor.out().contains("libcuda.so.1"), doctor.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "eval", "generate", "plan", "doctor", "demo"})
    void helpOfEachCommand(String command) {
        Cli help = Cli.run(command, "--help");
        assertEquals(0, help.code());
        assertEquals("", help.err());
        assertTrue(help.out().contains("Usage: ottava " + command), help.out());
        assertTrue(help.out().lines().allMatch(line -> line.length() <= 110), help.out());
    }

    @Test
    void helpOfTrainIsInGroups() {
        String help = Cli.run("train", "--help").out();
        int at = -1;
        for (String heading : new String[] {"Model:", "Data:", "Optimizer:", "Run:", "Device:", "Help:", "Examples:"}) {
            int next = help.indexOf("\n" + heading + "\n");
            assertTrue(next > at, heading);
            at = next;
        }
        assertEquals(1, help.split("--batch-size=N", -1).length - 1, "an option is listed once");
    }

    @Test
    void version() {
        Cli version = Cli.run("--version");
        assertEquals(0, version.code());
        assertTrue(version.out().startsWith("ottava "), version.out());
    }
}
