package dev.ottava.simt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The programs of {@code native/simt/tests/}: {@code simt_bugs} and {@code simt_kernels}, and of each a variant {@code _sanitized} (AddressSanitizer and
 * UndefinedBehaviorSanitizer) and {@code _raced} (the race checker).
 */
final class SimtPrograms {
    private static final Path BUILD = Path.of("target", "native-build");

    private SimtPrograms() {}

    static void build(String program) throws Exception {
        buildTargets(program, program + "_sanitized", program + "_raced");
    }

    static void buildTargets(String... targets) throws Exception {
        Path log = BUILD.resolve(targets[0] + ".log");
        List<String> command = new ArrayList<>(List.of("cmake", "--build", BUILD.toString(), "-j2", "--target"));
        command.addAll(List.of(targets));
        Process build = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertEquals(0, build.waitFor(), () -> read(log));
    }

    /** The lines that the program prints in a schedule; it has to end with 0. */
    static List<String> run(String program, String schedule, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(BUILD.resolve("simt/tests").resolve(program).toString());
        command.addAll(List.of(arguments));
        Path output = BUILD.resolve(program + "-" + schedule.replace(':', '-') + ".tsv");
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("OTTAVA_SIMT_SCHEDULE", schedule);
        builder.environment().put("ASAN_OPTIONS", "detect_leaks=0:use_sigaltstack=0");
        builder.environment().put("UBSAN_OPTIONS", "print_summary=1");
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertEquals(0, process.waitFor(), () -> command + " in the schedule " + schedule + ":\n" + read(output));
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
