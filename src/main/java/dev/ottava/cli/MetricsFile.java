package dev.ottava.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a run wrote to metrics.jsonl, the part before a restart included.
 *
 * @param steps the logged steps; {@code issue} as {@link dev.ottava.train.StepMetrics.Issue}, or empty in files of older versions
 * @param evaluations the evaluations
 */
record MetricsFile(List<Step> steps, List<Evaluation> evaluations) {
    /** A logged step. */
    record Step(
            int step,
            double loss,
            double gradNorm,
            double learningRate,
            long tokens,
            double tokensPerSecond,
            long peakBytes,
            double hostMilliseconds,
            String issue) {}

    /** An evaluation after a step. */
    record Evaluation(int step, double loss) {}

    static MetricsFile read(Path file) {
        ObjectMapper mapper = new ObjectMapper();
        MetricsFile metrics = new MetricsFile(new ArrayList<>(), new ArrayList<>());
        int number = 0;
        try {
            for (String line : Files.readAllLines(file)) {
                number++;
                metrics.add(mapper.readTree(line));
            }
        } catch (JsonProcessingException e) {
            throw new InvalidArgumentException(file + ", line " + number + ": not JSON");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return metrics;
    }

    private void add(JsonNode line) {
        int step = line.path("step").asInt();
        if (line.has("eval_loss")) {
            evaluations.add(new Evaluation(step, line.path("eval_loss").asDouble()));
        }
        if (line.has("loss")) {
            steps.add(new Step(
                    step,
                    line.path("loss").asDouble(),
                    line.path("grad_norm").asDouble(),
                    line.path("learning_rate").asDouble(),
                    line.path("tokens").asLong(),
                    line.path("tokens_per_second").asDouble(),
                    line.path("peak_bytes").asLong(),
                    line.path("host_milliseconds").asDouble(),
                    line.path("issue").asText()));
        }
    }
}
