package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code ottava plan} says against what the system says of a process that trains with the same options: the highest resident set is within a tenth of
 * the sum of the tensors that the plan counts and the constant that it names for everything else.
 */
class PlanTruthTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"--preset=demo-3m --optimizer=lomo --precision=fp32 --batch-size=8 --seq-len=128"})
    void oneThatIsSmall(String options) throws Exception {
        compare(options);
    }

    @Tag("long")
    @ParameterizedTest
    @ValueSource(
            strings = {
                "--preset=llama-15m --optimizer=lomo --precision=fp32 --batch-size=8 --seq-len=256",
                "--preset=llama-15m --optimizer=lomo --precision=bf16 --batch-size=8 --seq-len=256 --recompute=block",
                "--preset=llama-15m --optimizer=adalomo --precision=fp32 --batch-size=4 --seq-len=256 --max-grad-norm=1",
                "--preset=llama-15m --optimizer=adamw --precision=fp32 --batch-size=4 --seq-len=256",
                "--preset=llama-110m --optimizer=lomo --precision=bf16 --batch-size=2 --seq-len=128 --max-grad-norm=1",
                "--preset=llama-110m --optimizer=lomo --precision=fp8 --batch-size=2 --seq-len=128",
                "--preset=llama-110m --optimizer=adalomo --precision=fp32 --batch-size=2 --seq-len=256 --recompute=block",
                "--preset=llama-110m --optimizer=adamw --precision=bf16 --batch-size=1 --seq-len=64",
            })
    void severalSizesAndOptions(String options) throws Exception {
        compare(options);
    }

    private void compare(String options) throws Exception {
        List<String> shared = List.of(options.split(" "));
        List<String> plan = new ArrayList<>(List.of("plan", "--json"));
        plan.addAll(shared);
        JsonNode answer = JSON.readTree(Cli.run(plan.toArray(String[]::new)).out());
        long tensors = answer.get("peak_bytes").asLong();
        long constant = answer.get("outside_tensors_bytes").asLong();
        long resident = train(shared);
        long planned = tensors + constant;
        String figures = "%s | %s | %s | %s | %+.1f %%"
                .formatted(
                        options,
                        Format.bytes(tensors),
                        Format.bytes(planned),
                        Format.bytes(resident),
                        100.0 * (resident - planned) / planned);
        System.out.println(figures); // a row of the table in docs/memory.md
        assertTrue(Math.abs(resident - planned) <= planned / 10, figures);
    }

    /** Trains in a process of its own, as bin/ottava starts one, and returns its highest resident set. */
    private long train(List<String> options) throws Exception {
        Path data = folder.resolve("data.txt");
        Files.writeString(
                data, "All happy families are alike; each unhappy family is unhappy in its own way.\n".repeat(400));
        Path log = folder.resolve("log");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.ottava.cli.Main",
                "train",
                "--data=" + data,
                "--output=" + folder.resolve("run"),
                "--steps=3"));
        command.addAll(options);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
        long highest = 0;
        while (process.isAlive()) {
            highest = Math.max(highest, highestResidentSet(status));
            Thread.sleep(5);
        }
        assertEquals(0, process.waitFor(), Files.readString(log));
        return highest;
    }

    /** VmHWM of the process; 0 once it has ended. */
    private static long highestResidentSet(Path status) {
        try {
            return Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
