package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model from scratch on text: what train leaves behind, and that the other commands can use it. */
class PresetRunTest {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    @TempDir
    static Path folder;

    private static Path text;
    private static String model;
    private static Cli train;

    @BeforeAll
    static void trainTwice() throws IOException {
        text = Files.writeString(
                folder.resolve("text.txt"), "Otto ottavi fanno un intero: 8/8 = 1, è così.\n".repeat(40));
        model = folder.resolve("model").toString();
        train = run("--steps", "4", "--save-steps", "2", "--log-steps", "2");
    }

    private static Cli run(String... more) {
        String[] args = {
            "train",
            "--preset",
            "demo-3m",
            "--data",
            text.toString(),
            "--eval-fraction",
            "0.2",
            "--output",
            model,
            "--optimizer",
            "adalomo",
            "--learning-rate",
            "0.01",
            "--batch-size",
            "2",
            "--seq-len",
            "64"
        };
        String[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return Cli.run(all);
    }

    @Test
    void leavesAModelMetricsAndAReport() throws IOException {
        assertEquals(0, train.code(), train.err());
        assertEquals("", train.err());
        for (String file :
                new String[] {"config.json", "model.safetensors", "tokenizer.json", "metrics.jsonl", "report.html"}) {
            assertTrue(Files.exists(Path.of(model, file)), file);
        }
        MetricsFile metrics = MetricsFile.read(Path.of(model, "metrics.jsonl"));
        assertEquals(2, metrics.steps().size());
        assertEquals(4, metrics.steps().get(1).step());
        assertEquals(1, metrics.evaluations().size());
        String report = Files.readString(Path.of(model, "report.html"));
        assertTrue(report.contains(Format.fixed(metrics.evaluations().get(0).loss(), 4)));
        assertTrue(report.contains("demo-3m trained with adalomo"));
        assertTrue(
                train.out()
                        .contains("step 4/4  loss "
                                + Format.fixed(metrics.steps().get(1).loss(), 4)),
                train.out());
        assertTrue(train.out().contains("step 4/4  evaluation loss"), train.out());
        assertTrue(train.out().contains("step 2/4  checkpoint in "), train.out());
        assertFalse(train.out().contains("\r") || train.out().contains("\u001b"), "control characters in plain lines");
    }

    @Test
    void refusesToRunThereAgainAndToResumeWithOtherOptions() {
        Cli again = run("--steps", "4");
        assertEquals(2, again.code());
        assertTrue(again.err().contains("holds a run"), again.err());
        Cli other = run("--steps", "4", "--save-steps", "2", "--log-steps", "2", "--resume", "--weight-decay", "0.5");
        assertEquals(2, other.code(), other.out());
        assertEquals(1, other.err().lines().count(), other.err());
    }

    @Test
    void evalPrintsJsonAlone() throws IOException {
        Cli eval = Cli.run("eval", "--model", model, "--data", text.toString(), "--seq-len", "64", "--json");
        assertEquals(0, eval.code(), eval.err());
        JsonNode object = JSON.readTree(eval.out());
        assertEquals(
                Math.exp(object.get("loss").asDouble()),
                object.get("perplexity").asDouble(),
                1e-9);
        assertEquals(1, eval.out().lines().count());
        Cli plain = Cli.run("eval", "--model", model, "--data", text.toString(), "--seq-len", "64");
        assertTrue(
                plain.out().startsWith("loss " + Format.fixed(object.get("loss").asDouble(), 5)), plain.out());
    }

    @Test
    void generatePrintsTheSameTextWithAndWithoutJson() throws IOException {
        String[] args = {"generate", "--model", model, "--prompt", "- otto è", "--max-tokens", "40", "--seed", "3"};
        Cli plain = Cli.run(args);
        assertEquals(0, plain.code(), plain.err());
        String[] withJson = Arrays.copyOf(args, args.length + 1);
        withJson[args.length] = "--json";
        Cli json = Cli.run(withJson);
        assertEquals(0, json.code(), json.err());
        JsonNode object = JSON.readTree(json.out());
        assertEquals(plain.out(), object.get("text").asText() + System.lineSeparator());
        assertTrue(object.get("tokens").asInt() > 0);
        assertEquals("- otto è", object.get("prompt").asText());
    }

    @Test
    void generateRefusesMoreThanTheModelsPositions() {
        Cli result = Cli.run("generate", "--model", model, "--prompt", "otto", "--max-tokens", "2048");
        assertEquals(2, result.code());
        assertTrue(result.err().contains("2048 positions"), result.err());
    }

    @Test
    void planPrintsJsonAlone() throws IOException {
        Cli plan = Cli.run("plan", "--model", model, "--seq-len", "64", "--json");
        JsonNode object = JSON.readTree(plan.out());
        long sum = 0;
        for (JsonNode bytes : object.get("at_peak")) {
            sum += bytes.asLong();
        }
        assertEquals(object.get("peak_bytes").asLong(), sum);
        assertTrue(object.get("fits").asBoolean());
        // A block in BF16 or F32 saves its input and the norm's, at the least.
        assertTrue(object.get("saved_units_per_block").asDouble() > 2, plan.out());
        Cli table = Cli.run("plan", "--model", model, "--seq-len", "64");
        assertTrue(table.out().contains(Format.bytes(object.get("peak_bytes").asLong())), table.out());
        assertTrue(table.out().contains("it fits"), table.out());
        assertTrue(table.out().contains("a block saves "), table.out());
    }

    /** What the project promises of one GPU of 80 GB. */
    @ParameterizedTest
    @CsvSource({"llama-30b, bf16, bf16", "llama-65b, fp8, fp8"})
    void theLargestModelsFitAGpuOf80Gigabytes(String preset, String precision, String weights) {
        Cli plan = Cli.run(("plan --device cpu --memory 80GB --preset " + preset + " --precision " + precision
                        + " --weights " + weights + " --optimizer lomo --batch-size 1 --seq-len 1024 --recompute block")
                .split(" "));
        assertEquals(0, plan.code(), plan.err());
        assertTrue(plan.out().contains("a GPU of 80GB has 73.5 GiB free: it fits"), plan.out());
    }
}
