package dev.ottava.bench;

import dev.ottava.core.Device;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Where and from what a result comes. */
public final class Environment {
    private static final List<String> PROPERTIES = List.of(
            "processor",
            "instructions",
            "threads",
            "matmul",
            "attention",
            "architecture",
            "kernels",
            "compute_capability",
            "driver",
            "multiprocessors");

    /** All fields there may be, in a result's line. */
    static final Set<String> FIELDS = fields();

    private Environment() {}

    private static Set<String> fields() {
        List<String> fields = new ArrayList<>(List.of("device", "load", "java", "ottava", "commit", "command", "date"));
        fields.addAll(PROPERTIES);
        fields.addAll(GpuState.FIELDS);
        return Set.copyOf(fields);
    }

    /**
     * Of a device, now.
     *
     * @param command as it was typed
     * @param commit from {@link #commit}
     */
    public static Map<String, Object> of(Device device, String command, String commit) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("device", device.name());
        for (String property : PROPERTIES) {
            String value = device.property(property);
            if (!value.isEmpty()) {
                fields.put(property, value.matches("\\d{1,9}") ? (Object) Integer.valueOf(value) : value);
            }
        }
        fields.put("load", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        fields.put("java", Runtime.version().toString());
        String version = Environment.class.getPackage().getImplementationVersion();
        if (version != null) {
            fields.put("ottava", version);
        }
        fields.put("commit", commit);
        fields.put("command", command);
        fields.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        if (device.name().startsWith("cuda")) {
            fields.putAll(GpuState.read(device.name()));
        }
        return fields;
    }

    /**
     * The commit that runs: the system property {@code ottava.commit}, which a bundle without a repository sets; else what git
     * says of the folder that {@code bin/ottava} lies in, with {@code -dirty} for uncommitted changes; else "unknown".
     */
    public static String commit() {
        String stated = System.getProperty("ottava.commit");
        return stated != null
                ? stated
                : run(
                                "git",
                                "-C",
                                Path.of(System.getProperty("ottava.home", ".")).toString(),
                                "describe",
                                "--always",
                                "--abbrev=12",
                                "--dirty",
                                "--exclude=*")
                        .orElse("unknown");
    }

    /** The first line that a program prints; empty if it is not there or fails. */
    static Optional<String> run(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
                return Optional.empty();
            }
            return output.lines().findFirst();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
