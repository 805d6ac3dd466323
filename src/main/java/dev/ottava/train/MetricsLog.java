package dev.ottava.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The file {@code metrics.jsonl}: an object for each logged step, and one with {@code eval_loss} for each evaluation. */
final class MetricsLog implements AutoCloseable {
    static final String FILE = "metrics.jsonl";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final BufferedWriter writer;

    private MetricsLog(BufferedWriter writer) {
        this.writer = writer;
    }

    /** Opens the file of a run, and drops the lines after a step: those that the run goes on to write again. */
    static MetricsLog open(Path folder, int keepUpToStep) {
        Path file = folder.resolve(FILE);
        try {
            List<String> kept = new ArrayList<>();
            if (Files.exists(file)) {
                for (String line : Files.readAllLines(file)) {
                    if (stepOf(line) <= keepUpToStep) {
                        kept.add(line);
                    }
                }
            }
            Path rewritten = folder.resolve(FILE + ".new");
            Files.write(rewritten, kept);
            Files.move(rewritten, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return new MetricsLog(Files.newBufferedWriter(file, StandardOpenOption.APPEND));
        } catch (IOException e) {
            throw new TrainingException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /** The step of a line; a line that was cut off by a crash belongs to no step that counts. */
    private static int stepOf(String line) {
        try {
            JsonNode node = JSON.readTree(line);
            return node == null || !node.isObject()
                    ? Integer.MAX_VALUE
                    : node.path("step").asInt(Integer.MAX_VALUE);
        } catch (IOException e) {
            return Integer.MAX_VALUE;
        }
    }

    void step(StepMetrics metrics) {
        ObjectNode node = JSON.createObjectNode();
        node.put("step", metrics.step());
        node.put("loss", metrics.loss());
        node.put("grad_norm", metrics.gradNorm());
        node.put("learning_rate", metrics.learningRate());
        node.put("tokens", metrics.tokens());
        node.put("tokens_per_second", metrics.tokensPerSecond());
        node.put("peak_bytes", metrics.peakBytes());
        node.put("host_milliseconds", metrics.hostMilliseconds());
        node.put("issue", metrics.issue().name().toLowerCase(Locale.ROOT));
        append(node);
    }

    void evaluation(int step, double evalLoss) {
        append(JSON.createObjectNode().put("step", step).put("eval_loss", evalLoss));
    }

    private void append(ObjectNode node) {
        try {
            writer.write(JSON.writeValueAsString(node));
            writer.newLine();
            writer.flush();
        } catch (IOException e) {
            throw new TrainingException("cannot write " + FILE + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw new TrainingException("cannot write " + FILE + ": " + e.getMessage(), e);
        }
    }
}
