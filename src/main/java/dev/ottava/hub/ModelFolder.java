package dev.ottava.hub;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.LlamaParameters;
import dev.ottava.nn.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A model in a Hugging Face directory: {@code config.json}, safetensors and, where there is text, {@code
 * tokenizer.json}.
 */
public final class ModelFolder {
    private static final String CONFIG = "config.json";
    private static final String GENERATION_CONFIG = "generation_config.json";

    private ModelFolder() {}

    /** The configuration of the model in a folder. */
    public static LlamaConfig readConfig(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidArgumentException("there is no folder " + folder);
        }
        return ConfigReader.read(folder.resolve(CONFIG));
    }

    /**
     * Loads a model. Everything is checked before memory is allocated.
     *
     * @param precision what the model computes with; the weights of the files, F32, BF16 or F16, are cast to its dtype
     * @throws InvalidArgumentException if a file is broken, or a tensor missing, unknown or of another shape
     */
    public static LlamaModel load(Path folder, Device device, Precision precision) {
        LlamaConfig config = readConfig(folder);
        try (ModelWeights weights = ModelWeights.open(folder)) {
            if (config.numHiddenLayers() > weights.count()) {
                throw new InvalidArgumentException(folder + ": num_hidden_layers is " + config.numHiddenLayers()
                        + ", but there are only " + weights.count() + " tensors");
            }
            weights.check(LlamaParameters.shapes(config), precision.dtype(), config.tieWordEmbeddings());
            LlamaModel model = LlamaModel.empty(config, device, precision);
            try {
                for (Parameter parameter : model.parameters()) {
                    weights.read(parameter.name(), parameter.weight());
                }
                return model;
            } catch (RuntimeException e) {
                model.close();
                throw e;
            }
        }
    }

    /**
     * Saves a model as transformers reads it, in its own dtype. Files of the same names are replaced by renaming, once
     * all are whole on the disk, and {@code config.json} last: a folder with a {@code config.json} has a whole model.
     *
     * @param tokenizerOrNull whose files are copied
     * @throws OttavaException if the disk is full or the folder cannot be written; it is left as it was
     */
    public static void save(LlamaModel model, Path folder, Tokenizer tokenizerOrNull) {
        Map<String, Tensor> tensors = new TreeMap<>();
        model.parameters().forEach(parameter -> tensors.put(parameter.name(), parameter.weight()));
        Map<String, Object> config = ConfigWriter.config(model.config(), model.dtype());
        List<Path> copied = tokenizerOrNull == null ? List.of() : tokenizerOrNull.files();
        try (StagedFiles staged = new StagedFiles(folder)) {
            for (Path file : copied) {
                String name = file.getFileName().toString();
                Files.copy(file, staged.file(name), StandardCopyOption.REPLACE_EXISTING);
            }
            if (copied.stream().noneMatch(file -> file.endsWith(GENERATION_CONFIG))) {
                Json.write(staged.file(GENERATION_CONFIG), ConfigWriter.generationConfig(model.config()));
            }
            SafetensorsWriter.write(staged.file(ModelWeights.SINGLE), tensors);
            Json.write(staged.file(CONFIG), config);
            staged.commit();
        } catch (IOException e) {
            throw new OttavaException(folder + " cannot be written: " + Messages.reason(e), e);
        }
    }

    /** The tokenizer of a folder, if it has one. The caller closes it. */
    public static Optional<Tokenizer> tokenizer(Path folder) {
        Path file = folder.resolve(HuggingFaceTokenizer.FILE);
        return Files.exists(file) ? Optional.of(HuggingFaceTokenizer.open(file)) : Optional.empty();
    }
}
