package dev.ottava;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ottava.binding.Binding;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the natives are unpacked, and what one is told where they cannot be: each time in a JVM of its own. */
@Tag("build")
class LoadingTest {
    private static final String CANNOT = "the native library cannot be loaded: ";

    @TempDir
    Path folder;

    private record Outcome(int exit, String printed) {}

    /** Ottava's classes, JavaCPP, and these natives. */
    private static String classPath(Path... natives) {
        Stream<Path> others = Arrays.stream(
                        System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(path -> Files.isDirectory(path) && !path.endsWith("native")
                        || path.getFileName().toString().matches("javacpp-[0-9.]+\\.jar"));
        return Stream.concat(others, Arrays.stream(natives))
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static Outcome run(List<String> before, List<String> options, String classPath) throws Exception {
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, KernelOnly.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), printed);
    }

    /** The jar of this platform's natives. */
    private Path natives(String version) throws IOException {
        Path jar = folder.resolve("ottava-" + version + "-" + Binding.platform() + ".jar");
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
        String inside = "dev/ottava/binding/" + Binding.platform() + "/";
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file, manifest);
                Stream<Path> libraries = Files.list(Path.of("target/native", inside))) {
            out.setLevel(1);
            for (Path library : libraries.toList()) {
                out.putNextEntry(new ZipEntry(inside + library.getFileName()));
                Files.copy(library, out);
            }
        }
        return jar;
    }

    private static void assertRefused(Outcome outcome, String... parts) {
        assertEquals(1, outcome.exit(), outcome.printed());
        String line = outcome.printed()
                .lines()
                .filter(each -> each.contains(CANNOT))
                .findFirst()
                .orElse("");
        for (String part : parts) {
            assertTrue(line.contains(part), () -> "'" + part + "' is not in: " + outcome.printed());
        }
    }

    @Test
    void aHomeThatCannotBeWrittenIsNotNeeded() throws Exception {
        Outcome outcome = run(
                List.of(), List.of("-Duser.home=/proc/self", "-Djava.io.tmpdir=" + folder), classPath(natives("1.0")));
        assertEquals(0, outcome.exit(), outcome.printed());
        try (Stream<Path> files = Files.walk(folder)) {
            // Both libraries, where JavaCPP falls back to.
            assertEquals(
                    2,
                    files.filter(file -> file.toString().matches(".*/lib(jniNative\\.so|gomp\\.so\\.1)"))
                            .count());
        }
    }

    @Test
    void nowhereToUnpackIsSaidInOneLine() throws Exception {
        Outcome outcome = run(
                List.of(), List.of("-Duser.home=/proc/self", "-Djava.io.tmpdir=/proc/self"), classPath(natives("1.0")));
        assertRefused(outcome, "cannot be unpacked", "-Dorg.bytedeco.javacpp.cachedir");
    }

    @Test
    void aFolderWithoutProgramsIsSaidInOneLine() throws Exception {
        List<String> mounted = List.of(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount -t tmpfs -o noexec none \"$0\" && exec \"$@\"",
                folder.resolve("noexec").toString());
        Files.createDirectories(folder.resolve("noexec"));
        List<String> check = new ArrayList<>(mounted);
        check.add("true");
        assumeTrue(
                new ProcessBuilder(check).redirectErrorStream(true).start().waitFor() == 0,
                "a file system cannot be mounted here");
        Outcome outcome = run(
                mounted,
                List.of("-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("noexec")),
                classPath(natives("1.0")));
        assertRefused(outcome, "noexec", "-Dorg.bytedeco.javacpp.cachedir");
        // A temporary folder of that kind does no harm: natives go into the home.
        Outcome home = run(
                mounted,
                List.of("-Duser.home=" + folder, "-Djava.io.tmpdir=" + folder.resolve("noexec")),
                classPath(natives("1.0")));
        assertEquals(0, home.exit(), home.printed());
    }

    @Test
    void twoVersionsShareACache() throws Exception {
        for (String version : List.of("1.0", "1.1")) {
            Outcome outcome = run(
                    List.of(),
                    List.of("-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache")),
                    classPath(natives(version)));
            assertEquals(0, outcome.exit(), outcome.printed());
        }
        try (Stream<Path> jars = Files.list(folder.resolve("cache"))) {
            assertEquals(2, jars.filter(Files::isDirectory).count());
        }
    }

    @Test
    void twoVersionsOnOneClassPathAreRefused() throws Exception {
        Outcome outcome = run(List.of(), List.of(), classPath(natives("1.0"), natives("1.1")));
        assertRefused(outcome, "ottava-1.0-", "ottava-1.1-", "leave one of them");
    }

    @Test
    void missingNativesAreNamedWithTheirClassifier() throws Exception {
        assertRefused(
                run(List.of(), List.of(), classPath()), "dev.ottava:ottava with the classifier " + Binding.platform());
    }
}
