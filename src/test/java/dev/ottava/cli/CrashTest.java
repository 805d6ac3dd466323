package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a training process leaves behind when it is killed, or when the disk is full. */
class CrashTest {
    private static final Path GOLDEN = Path.of("src/test/resources/goldens/llama-gqa");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private List<String> train(Path output, int steps) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.ottava.cli.Main",
                "train",
                "--model=" + GOLDEN,
                "--data=" + GOLDEN.resolve("train.jsonl"),
                "--output=" + output,
                "--optimizer=adamw",
                "--learning-rate=0.001",
                "--batch-size=2",
                "--seq-len=48",
                "--steps=" + steps,
                "--log-steps=1",
                "--precision=bf16",
                "--save-steps=3",
                "--resume");
    }

    private Process start(List<String> command, Path log) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("OMP_NUM_THREADS", "1");
        return builder.start();
    }

    private static List<String> metrics(Path output) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(output.resolve("metrics.jsonl"))) {
            ObjectNode node = (ObjectNode) JSON.readTree(line);
            node.remove(List.of("tokens_per_second", "host_milliseconds"));
            lines.add(node.toString());
        }
        return lines;
    }

    private static byte[] weights(Path output) throws IOException {
        return Files.readAllBytes(output.resolve("model.safetensors"));
    }

    @Test
    void aRunKilledAgainAndAgainGivesTheLossesOfOneNeverKilled() throws Exception {
        int steps = 60;
        Path log = folder.resolve("log");
        Path whole = folder.resolve("whole");
        assertEquals(0, start(train(whole, steps), log).waitFor(), () -> text(log));

        long seed = 20261123;
        SplittableRandom random = new SplittableRandom(seed);
        Path killed = folder.resolve("killed");
        int kills = 0;
        boolean done = false;
        while (!done) {
            int before = linesOf(killed);
            Process process = start(train(killed, steps), log);
            if (kills < 4) {
                // Not before it has come some steps further, or slow machines would never get on.
                int until = before + 4 + random.nextInt(8);
                while (process.isAlive() && linesOf(killed) < until) {
                    Thread.sleep(2);
                }
                Thread.sleep(random.nextInt(15));
                process.destroyForcibly(); // SIGKILL
                done = process.waitFor() == 0;
                kills++;
            } else {
                assertEquals(0, process.waitFor(), () -> text(log));
                done = true;
            }
        }
        assertTrue(kills > 1, "seed " + seed);
        assertEquals(metrics(whole), metrics(killed));
        assertEquals(-1, Arrays.mismatch(weights(whole), weights(killed)));
    }

    private static int linesOf(Path output) {
        try {
            return Files.readAllLines(output.resolve("metrics.jsonl")).size();
        } catch (IOException e) {
            return 0;
        }
    }

    @Test
    void aFullDiskLeavesThePreviousCheckpointWhole() throws Exception {
        Path log = folder.resolve("log");
        Path output = folder.resolve("run");
        List<String> first = new ArrayList<>(train(output, 3));
        assertEquals(0, start(first, log).waitFor(), () -> text(log));
        Files.delete(output.resolve("model.safetensors"));

        // A limit on the size of files, in blocks of 1024 bytes, smaller than the optimizer's state: as if the disk
        // were full.
        List<String> limited = new ArrayList<>(List.of("bash", "-c", "ulimit -f 300; exec \"$@\"", "bash"));
        limited.addAll(train(output, 9));
        limited.add("--lr-schedule=constant");
        Process process = start(limited, log);
        assertTrue(process.waitFor(120, TimeUnit.SECONDS));
        assertEquals(1, process.exitValue(), () -> text(log));
        String line = text(log)
                .lines()
                .filter(each -> each.startsWith("ottava:"))
                .findFirst()
                .orElse("");
        assertTrue(line.contains("checkpoint of step 6 cannot be written"), () -> text(log));
        assertTrue(line.contains("step-00000003, is whole"), line);
        assertFalse(Files.exists(output.resolve("checkpoints/step-00000006")));

        // With room again, the run goes on from there.
        assertEquals(0, start(train(output, 9), log).waitFor(), () -> text(log));
        Path whole = folder.resolve("whole");
        assertEquals(0, start(train(whole, 9), folder.resolve("log2")).waitFor(), () -> text(log));
        assertEquals(metrics(whole), metrics(output));
        assertEquals(-1, Arrays.mismatch(weights(whole), weights(output)));
    }

    private static String text(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
