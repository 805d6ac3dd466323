package dev.ottava.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ottava.autograd.Parameter;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.hub.SafetensorsFile;
import dev.ottava.hub.SafetensorsWriter;
import dev.ottava.nn.LlamaModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Checkpoints of a run, {@code checkpoints/step-00000100/}: {@code model.safetensors} (the weights as they are in memory), {@code optimizer.safetensors}
 * (its state, named by parameter and purpose) and {@code training.json} (step, tokens, options). Random numbers and the position in the data follow from
 * step and seed, so this is all that is needed to go on bit for bit.
 *
 * <p>A checkpoint is written into a temporary folder, forced to disk, and renamed: it is there whole or not at all.
 */
final class Checkpoints {
    static final String FOLDER = "checkpoints";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> MAY_CHANGE = List.of(
            "keepOperands", "graph", "logSteps", "saveSteps", "keepCheckpoints", "evalSteps", "optimizerStates");
    private static final String UNFINISHED = ".unfinished-";

    /** Where a run stands. */
    record Position(int step, long tokens) {}

    private final Path folder;
    private final LlamaModel model;
    private final Map<String, Tensor> optimizerState;
    private final ObjectNode run;

    Checkpoints(
            Path runFolder,
            LlamaModel model,
            Map<String, Tensor> optimizerState,
            TrainingOptions options,
            long dataTokens) {
        this.folder = runFolder.resolve(FOLDER);
        this.model = model;
        this.optimizerState = optimizerState;
        this.run = JSON.createObjectNode();
        run.set("options", asRead(options));
        run.put("dataTokens", dataTokens);
    }

    /** The options as they come back from a file, so that a number compares equal whatever its Java type. */
    private static JsonNode asRead(TrainingOptions options) {
        try {
            return JSON.readTree(JSON.writeValueAsBytes(options));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a checkpoint, then removes the oldest beyond those to keep. */
    Path save(Position position, int keep) {
        Path target = folder.resolve("step-%08d".formatted(position.step()));
        Path unfinished = folder.resolve(UNFINISHED + position.step());
        try {
            Files.createDirectories(folder);
            removeUnfinished();
            Files.createDirectory(unfinished);
            SafetensorsWriter.write(unfinished.resolve("model.safetensors"), weights());
            SafetensorsWriter.write(unfinished.resolve("optimizer.safetensors"), optimizerState);
            ObjectNode training = run.deepCopy();
            training.put("step", position.step()).put("tokens", position.tokens());
            Disk.write(
                    unfinished.resolve("training.json"),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(training));
            Disk.force(unfinished);
            if (Files.exists(target)) {
                Disk.delete(target);
            }
            Files.move(unfinished, target);
            Disk.force(folder);
            List<Path> all = list();
            for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
                Disk.delete(old);
            }
            return target;
        } catch (IOException | OttavaException e) {
            Disk.deleteQuietly(unfinished);
            throw new TrainingException(
                    "the checkpoint of step " + position.step() + " cannot be written to " + folder + ": "
                            + e.getMessage()
                            + latest().map(last -> "; the last one, " + last.getFileName() + ", is whole")
                                    .orElse(""),
                    e);
        }
    }

    /** The last checkpoint, if there is one. */
    Optional<Path> latest() {
        List<Path> all = list();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /** Loads a checkpoint into the model and the optimizer; refused if it was made with other options or other data. */
    Position load(Path checkpoint) {
        JsonNode training;
        try {
            training = JSON.readTree(Files.readAllBytes(checkpoint.resolve("training.json")));
        } catch (IOException e) {
            throw new InvalidArgumentException(checkpoint + " cannot be read: " + e.getMessage());
        }
        compare(training);
        read(checkpoint.resolve("model.safetensors"), weights());
        model.changed();
        OptimizerStates.read(checkpoint.resolve("optimizer.safetensors"), optimizerState);
        return new Position(
                training.path("step").asInt(), training.path("tokens").asLong());
    }

    private void compare(JsonNode training) {
        JsonNode before = training.path("options");
        JsonNode now = run.path("options");
        for (Iterator<String> names = now.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            boolean longer =
                    name.equals("steps") && now.path("schedule").asText().equals("CONSTANT");
            if (!MAY_CHANGE.contains(name) && !longer && !before.path(name).equals(now.path(name))) {
                throw new InvalidArgumentException("--resume: " + name + " was " + before.path(name) + " and is now "
                        + now.path(name) + "; resume with the options the run began with");
            }
        }
        if (training.path("dataTokens").asLong() != run.path("dataTokens").asLong()) {
            throw new InvalidArgumentException("--resume: the training data had " + training.path("dataTokens")
                    + " tokens and now has " + run.path("dataTokens") + "; resume with the data the run began with");
        }
    }

    private static void read(Path file, Map<String, Tensor> tensors) {
        try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            tensors.forEach(stored::read);
        }
    }

    private Map<String, Tensor> weights() {
        Map<String, Tensor> weights = new TreeMap<>();
        for (Parameter parameter : model.parameters()) {
            weights.putAll(parameter.tensors());
        }
        return weights;
    }

    private List<Path> list() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> entry.getFileName().toString().matches("step-\\d{8}"))
                    .sorted(Comparator.comparing(Path::getFileName))
                    .toList();
        } catch (IOException e) {
            throw new TrainingException(folder + " cannot be read: " + e.getMessage(), e);
        }
    }

    private void removeUnfinished() throws IOException {
        List<Path> left = new ArrayList<>();
        try (Stream<Path> entries = Files.list(folder)) {
            entries.filter(entry -> entry.getFileName().toString().startsWith(UNFINISHED))
                    .forEach(left::add);
        }
        for (Path each : left) {
            Disk.delete(each);
        }
    }
}
