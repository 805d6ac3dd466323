package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training with linear layers in FP8 beside training in F32, from the same weights on the same sequences: the loss over the whole file afterwards. */
class Fp8TrainingTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "llama-gqa, blocks, cpu, 200, bf16",
        "llama-gqa, tensor, cpu, 200, bf16",
        "llama-ragged, blocks, cpu, 200, bf16",
        "llama-ragged, tensor, cpu, 200, bf16",
        "llama-gqa, blocks, cpu, 200, fp8",
        "llama-ragged, tensor, cpu, 200, fp8",
        "llama-gqa, blocks, simt, 20, bf16",
        "llama-ragged, blocks, simt, 10, fp8",
        "llama-ragged, tensor, simt, 20, bf16"
    })
    void theLossIsThatOfF32(String model, String scaling, String device, int steps, String activations)
            throws IOException {
        Path golden = Path.of("src/test/resources/goldens", model);
        double before = loss(golden, golden);
        double f32 = train(golden, steps, "--precision", "fp32", "--device", "cpu");
        double fp8 = train(
                golden,
                steps,
                "--precision",
                "fp8",
                "--fp8-scaling",
                scaling,
                "--device",
                device,
                "--activations",
                activations);
        assertTrue(f32 < before, "F32 learns: " + before + " to " + f32);
        assertEquals(f32, fp8, 0.01 * f32, "within 1 %");
    }

    private double train(Path golden, int steps, String... precisionAndDevice) throws IOException {
        Path output = folder.resolve(precisionAndDevice[1]);
        Cli train = Cli.run(Stream.concat(
                        Stream.of(
                                "train",
                                "--model",
                                golden.toString(),
                                "--data",
                                golden.resolve("train.jsonl").toString(),
                                "--output",
                                output.toString(),
                                "--optimizer",
                                "adalomo",
                                "--no-shuffle",
                                "--batch-size",
                                "2",
                                "--seq-len",
                                "48",
                                "--steps",
                                String.valueOf(steps)),
                        Stream.of(precisionAndDevice))
                .toArray(String[]::new));
        assertEquals(0, train.code(), train.err());
        return loss(output, golden);
    }

    private static double loss(Path model, Path golden) throws IOException {
        Cli eval = Cli.run(
                "eval",
                "--model",
                model.toString(),
                "--data",
                golden.resolve("train.jsonl").toString(),
                "--seq-len",
                "48",
                "--precision",
                "fp32",
                "--device",
                "cpu",
                "--json");
        assertEquals(0, eval.code(), eval.err());
        return new ObjectMapper().readTree(eval.out()).get("loss").asDouble();
    }
}
