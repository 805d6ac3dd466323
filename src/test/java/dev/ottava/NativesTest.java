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
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the native libraries and the jars need and show, on each platform that has been built (docs/platforms.md). */
@Tag("build")
class NativesTest {
    private static final Path NATIVES = Path.of("target/native/dev/ottava/binding");
    private static final long LARGEST_JAR = 30_000_000;
    private static final Set<String> LINUX =
            Set.of("libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libgomp.so.1");
    private static final Set<String> WINDOWS = Set.of("kernel32.dll", "msvcrt.dll");

    private static List<Path> platforms(String system) throws IOException {
        try (Stream<Path> folders = Files.list(NATIVES)) {
            return folders.filter(folder -> folder.getFileName().toString().startsWith(system))
                    .filter(folder -> Files.exists(library(folder)))
                    .toList();
        }
    }

    private static Path library(Path platform) {
        boolean windows = platform.getFileName().toString().startsWith("windows");
        return platform.resolve(windows ? "jniNative.dll" : "libjniNative.so");
    }

    private static List<Path> jars() throws IOException {
        List<Path> jars = new ArrayList<>();
        for (String folder : List.of("target/dist/lib", "target/natives")) {
            if (Files.isDirectory(Path.of(folder))) {
                try (Stream<Path> files = Files.list(Path.of(folder))) {
                    files.filter(file -> file.getFileName().toString().matches("ottava-.*\\.jar"))
                            .forEach(jars::add);
                }
            }
        }
        return jars;
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), String.join(" ", command));
        return printed;
    }

    private static Set<String> find(String pattern, String text) {
        Set<String> found = new TreeSet<>();
        Pattern.compile(pattern, Pattern.MULTILINE).matcher(text).results().forEach(match -> found.add(match.group(1)));
        return found;
    }

    @Test
    void linuxLibrariesNeedTheSystemAndShowTheAbi() throws Exception {
        List<Path> platforms = platforms("linux");
        assertFalse(platforms.isEmpty());
        for (Path platform : platforms) {
            Path library = library(platform);
            String elf = run("readelf", "-W", "--dynamic", "--dyn-syms", "--version-info", library.toString());
            Set<String> needed = find("\\(NEEDED\\).*\\[(.*)]", elf);
            needed.removeIf(name -> LINUX.contains(name) || name.startsWith("ld-linux-"));
            assertEquals(Set.of(), needed, platform + " needs other libraries than the system's");
            // The folder that JavaCPP unpacks into; GCC's OpenMP lies there too.
            assertEquals(Set.of("$ORIGIN/"), find("\\((?:RUNPATH|RPATH)\\).*\\[(.*)]", elf), platform.toString());
            assertTrue(Files.exists(platform.resolve("libgomp.so.1")), platform.toString());
            Set<String> shown = find(" (?:GLOBAL|WEAK) +DEFAULT +\\d+ ([^@\\s]+)", elf);
            shown.removeIf(name -> name.matches("(Java|JNI|ottava)_.*"));
            assertEquals(Set.of(), shown, platform + " shows more than the ABI");
            for (String file : List.of("libjniNative.so", "libgomp.so.1")) {
                String versions = run(
                        "readelf",
                        "-W",
                        "--version-info",
                        platform.resolve(file).toString());
                assertAtMost(platform + "/" + file, "GLIBC", 34, find("Name: GLIBC_2\\.(\\d+)", versions));
                assertAtMost(platform + "/" + file, "GLIBCXX", 29, find("Name: GLIBCXX_3\\.4\\.(\\d+)", versions));
            }
        }
    }

    private static void assertAtMost(String file, String what, int floor, Set<String> minors) {
        int newest = minors.stream().mapToInt(Integer::parseInt).max().orElse(0);
        assertTrue(newest <= floor, file + " needs " + what + " ." + newest + ", and ." + floor + " is what is stated");
    }

    @Test
    void theWindowsLibraryNeedsTheSystemAndShowsTheAbi() throws Exception {
        List<Path> platforms = platforms("windows");
        assumeTrue(!platforms.isEmpty(), "windows-x86_64 is not built: make natives");
        String pe = run("objdump", "-p", library(platforms.get(0)).toString());
        Set<String> needed = new TreeSet<>();
        find("DLL Name: (.*)$", pe).forEach(name -> needed.add(name.toLowerCase(Locale.ROOT)));
        needed.removeAll(WINDOWS);
        assertEquals(Set.of(), needed);
        Set<String> shown = find("^\\s*\\[ *\\d+] (?:\\+base\\[ *\\d+] +(?:[0-9a-f]+ )?)?([A-Za-z_]\\w*)$", pe);
        assertTrue(
                shown.contains(
                        "Java_dev_ottava_binding_Native_ottava_1device_1open__Ljava_lang_String_2Ljava_lang_String_2I_3J"),
                () -> shown.size() + " symbols");
        shown.removeIf(name -> name.matches("(Java|JNI|ottava)_.*"));
        assertEquals(Set.of(), shown);
    }

    /** The kernels of the cuda device are compiled once: the same images are in the library of each platform. */
    @Test
    void everyPlatformCarriesTheSameKernels() throws Exception {
        Path folder = Path.of("target/native-build/cuda");
        String list = Files.readString(folder.resolve("images.inc"));
        Set<String> images = find("\"(.*)\"", list);
        assumeTrue(!images.isEmpty(), "this build had no nvcc");
        for (String system : List.of("linux", "windows")) {
            for (Path platform : platforms(system)) {
                String library = Files.readString(library(platform), StandardCharsets.ISO_8859_1);
                for (String image : images) {
                    String bytes = Files.readString(Path.of(image), StandardCharsets.ISO_8859_1);
                    assertTrue(
                            library.contains(bytes),
                            platform + " lacks " + image + ": is it of another build? run `make natives`");
                }
            }
        }
    }

    @Test
    void jarsAreSmall() throws Exception {
        for (Path jar : jars()) {
            assertTrue(Files.size(jar) <= LARGEST_JAR, jar + ": " + Files.size(jar) + " bytes");
        }
        // What the jar of this machine will have, when it is not packed yet.
        for (Path platform : platforms("linux")) {
            long[] bytes = new long[1];
            try (DeflaterOutputStream packed = new DeflaterOutputStream(new OutputStream() {
                @Override
                public void write(int one) {
                    bytes[0]++;
                }

                @Override
                public void write(byte[] many, int from, int count) {
                    bytes[0] += count;
                }
            })) {
                Files.copy(library(platform), packed);
                Files.copy(platform.resolve("libgomp.so.1"), packed);
            }
            assertTrue(bytes[0] <= LARGEST_JAR, platform + ": " + bytes[0] + " bytes packed");
        }
    }

    @Test
    void manifestsNameTheModuleAndAllowNativeAccess() throws Exception {
        List<Path> jars = jars();
        assumeTrue(!jars.isEmpty(), "there are no jars yet: make");
        Set<String> modules = new TreeSet<>();
        for (Path path : jars) {
            try (JarFile jar = new JarFile(path.toFile())) {
                Manifest manifest = jar.getManifest();
                Attributes attributes = manifest.getMainAttributes();
                assertEquals("ALL-UNNAMED", attributes.getValue("Enable-Native-Access"), path.toString());
                assertTrue(modules.add(attributes.getValue("Automatic-Module-Name")), path + ": module named twice");
                String name = path.getFileName().toString();
                String version = attributes.getValue(Attributes.Name.IMPLEMENTATION_VERSION);
                assertTrue(name.startsWith("ottava-" + version), path + ": " + version);
                assertTrue(jar.getEntry("META-INF/LICENSE") != null, path + " has no licence");
                assertTrue(jar.getEntry("META-INF/THIRD-PARTY.md") != null, path + " has no notices");
            }
        }
        modules.removeIf(name -> name.matches("dev\\.ottava(\\.natives\\.(linux|windows)\\.(x86_64|arm64))?"));
        assertEquals(Set.of(), modules);
    }
}
