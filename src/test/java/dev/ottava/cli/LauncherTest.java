package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** bin/ottava in a checkout of its own, with a Java that only says how it was called. */
@Tag("build")
class LauncherTest {
    @TempDir
    Path folder;

    private Path script;

    @BeforeEach
    void checkout() throws IOException {
        script = Files.createDirectories(folder.resolve("check out/bin")).resolve("ottava");
        Files.copy(Path.of("bin/ottava"), script);
        executable(script);
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void built() throws IOException {
        Files.createFile(Files.createDirectories(folder.resolve("check out/target/dist/lib"))
                .resolve("ottava-1.jar"));
    }

    private Path java(String version) throws IOException {
        Path home = folder.resolve("java");
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(
                java,
                "#!/bin/sh\nif [ \"$1\" = -version ]; then echo 'openjdk version \"" + version
                        + "\" 2025-01-01' >&2; exit; fi\n" + "printf '%s\\n' \"$@\"\n");
        executable(java);
        return home;
    }

    private String run(Path command, Path javaHome, int code, String... args) throws Exception {
        String[] all = new String[args.length + 1];
        all[0] = command.toString();
        System.arraycopy(args, 0, all, 1, args.length);
        ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", javaHome.toString());
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(code, process.waitFor(), text);
        return text;
    }

    @Test
    void saysToBuildFirst() throws Exception {
        String text = run(script, java("17.0.1"), 2, "train");
        assertTrue(text.startsWith("ottava: ") && text.contains("run make first"), text);
        assertEquals(1, text.lines().count());
    }

    @Test
    void refusesAnOldJava() throws Exception {
        built();
        for (String old : new String[] {"11.0.2", "1.8.0_402"}) {
            String text = run(script, java(old), 2, "train");
            assertTrue(text.contains("install Java 17 or later"), text);
            assertEquals(1, text.lines().count());
        }
        assertTrue(run(script, folder.resolve("none"), 2, "train").contains("is not there"));
    }

    @Test
    void startsMainThroughALinkWithItsArguments() throws Exception {
        built();
        Path link = Files.createSymbolicLink(folder.resolve("link"), script);
        String text = run(link, java("17.0.1"), 0, "-Dottava.debug=true", "-Xmx4g", "train", "--data", "a b");
        Path home = script.getParent().getParent().toRealPath();
        assertTrue(text.contains("-Dottava.home=" + home + "\n"), text);
        assertTrue(text.contains("-Xmx1g\n"), text);
        assertTrue(
                text.endsWith("-Dottava.debug=true\n-Xmx4g\n-cp\n" + home
                        + "/target/dist/lib/*\ndev.ottava.cli.Main\ntrain\n--data\na b\n"),
                text);
        assertTrue(!text.contains("native-access"), text);
        assertTrue(run(script, java("25"), 0, "doctor").contains("--enable-native-access=ALL-UNNAMED\n"));
    }
}
