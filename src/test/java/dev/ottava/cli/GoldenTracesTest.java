package dev.ottava.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.Gpu;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.hub.ModelFolder;
import dev.ottava.nn.LlamaModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole of training against an independent implementation, through the command line as a user types it. */
class GoldenTracesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "llama-gqa, lomo, fp32", "llama-gqa, lomo, bf16",
        "llama-gqa, lomo-clipped, fp32", "llama-gqa, lomo-clipped, bf16",
        "llama-gqa, adalomo, fp32", "llama-gqa, adalomo, bf16",
        "llama-gqa, adamw, fp32", "llama-gqa, adamw, bf16",
        "llama-ragged, lomo, fp32", "llama-ragged, lomo, bf16",
        "llama-ragged, lomo-clipped, fp32", "llama-ragged, lomo-clipped, bf16",
        "llama-ragged, adalomo, fp32", "llama-ragged, adalomo, bf16",
        "llama-ragged, adamw, fp32", "llama-ragged, adamw, bf16",
    })
    void traceThroughTheCommandLine(String model, String trace, String precision) throws IOException {
        trace(model, trace, precision, "cpu");
    }

    /** The CUDA kernels, run by the interpreter, and by a GPU where there is one. */
    @ParameterizedTest
    @CsvSource({
        "llama-gqa, lomo-clipped, fp32",
        "llama-ragged, lomo, fp32",
        "llama-ragged, adalomo, fp32",
        "llama-gqa, adamw, bf16"
    })
    void traceOfTheKernels(String model, String trace, String precision) throws IOException {
        for (String device : Gpu.kernelDevices()) {
            trace(model, trace, precision, device);
        }
    }

    private void trace(String model, String trace, String precision, String device) throws IOException {
        Path golden = Path.of("src/test/resources/goldens", model);
        JsonNode expected = JSON.readTree(Files.readString(golden.resolve("expected.json")))
                .get("training")
                .get(trace);
        Path output = folder.resolve("run on " + device.replace(':', '_'));
        Cli train = Cli.run(arguments(golden, trace, expected.get("hyper_parameters"), precision, device, output));
        assertEquals(0, train.code(), train.err());

        double lossTolerance = precision.equals("fp32") ? 2e-5 : 1e-2;
        double normTolerance = precision.equals("fp32") ? 2e-4 : 5e-2;
        List<String> lines = Files.readAllLines(output.resolve("metrics.jsonl"));
        assertEquals(6, lines.size());
        assertEquals(6, expected.get("trace").size());
        for (int i = 0; i < 6; i++) {
            JsonNode step = JSON.readTree(lines.get(i));
            JsonNode wanted = expected.get("trace").get(i);
            assertEquals(wanted.get("step").asInt(), step.get("step").asInt());
            close(wanted.get("loss").asDouble(), step.get("loss").asDouble(), lossTolerance, "loss of step " + (i + 1));
            close(
                    wanted.get("grad_norm").asDouble(),
                    step.get("grad_norm").asDouble(),
                    normTolerance,
                    "norm of step " + (i + 1));
        }
        double evalLoss = eval(output, golden, precision);
        close(expected.get("eval_loss_after").asDouble(), evalLoss, lossTolerance, "eval loss after");
        weightNorms(output, expected.get("weight_norms_after"), normTolerance);
    }

    @ParameterizedTest
    @CsvSource({"llama-gqa, fp32", "llama-gqa, bf16", "llama-ragged, fp32", "llama-ragged, bf16"})
    void evalLossThroughTheCommandLine(String model, String precision) throws IOException {
        Path golden = Path.of("src/test/resources/goldens", model);
        double expected = JSON.readTree(Files.readString(golden.resolve("expected.json")))
                .get("eval_loss")
                .asDouble();
        close(expected, eval(golden, golden, precision), precision.equals("fp32") ? 2e-5 : 1e-2, "eval loss");
    }

    private static String[] arguments(
            Path golden, String trace, JsonNode hyper, String precision, String device, Path output) {
        List<String> args = new ArrayList<>(List.of(
                "train",
                "--model",
                golden.toString(),
                "--data",
                golden.resolve("train.jsonl").toString(),
                "--output",
                output.toString(),
                "--optimizer",
                trace.replace("-clipped", ""),
                "--learning-rate",
                hyper.get("lr").asText(),
                "--weight-decay",
                hyper.get("weight_decay").asText(),
                "--no-shuffle",
                "--batch-size",
                "2",
                "--seq-len",
                "48",
                "--steps",
                "6",
                "--log-steps",
                "1",
                "--precision",
                precision,
                "--device",
                device));
        if (hyper.hasNonNull("clip_grad_norm")) {
            args.addAll(List.of("--max-grad-norm", hyper.get("clip_grad_norm").asText()));
        }
        if (hyper.has("betas")) {
            args.addAll(List.of("--adam-beta1", hyper.get("betas").get(0).asText()));
            args.addAll(List.of("--adam-beta2", hyper.get("betas").get(1).asText()));
            args.addAll(List.of("--adam-epsilon", hyper.get("eps").asText()));
        }
        return args.toArray(String[]::new);
    }

    private static double eval(Path model, Path golden, String precision) throws IOException {
        Cli eval = Cli.run(
                "eval",
                "--model",
                model.toString(),
                "--data",
                golden.resolve("train.jsonl").toString(),
                "--seq-len",
                "48",
                "--batch-size",
                "5",
                "--precision",
                precision,
                "--json");
        assertEquals(0, eval.code(), eval.err());
        return JSON.readTree(eval.out()).get("loss").asDouble();
    }

    private static void weightNorms(Path output, JsonNode expected, double tolerance) {
        int found = 0;
        try (Device device = Device.open("cpu");
                LlamaModel model = ModelFolder.load(output, device, DType.F32)) {
            for (var parameter : model.parameters()) {
                if (expected.has(parameter.name())) {
                    double sum = 0;
                    for (float w : parameter.weight().toFloats()) {
                        sum += (double) w * w;
                    }
                    double wanted = expected.get(parameter.name()).asDouble();
                    assertEquals(wanted, Math.sqrt(sum), tolerance * wanted, parameter.name());
                    found++;
                }
            }
        }
        assertTrue(found > 0);
        assertEquals(expected.size(), found);
    }

    /** Losses: tolerance · max(1, |y|) in F32 as in BF16; norms are above 1, so that it is relative for them. */
    private static void close(double expected, double actual, double tolerance, String what) {
        assertEquals(expected, actual, tolerance * Math.max(1, Math.abs(expected)), what);
    }
}
