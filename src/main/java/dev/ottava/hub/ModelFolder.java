package dev.ottava.hub;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.hub.SafetensorsWriter.Source;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.LlamaParameters;
import dev.ottava.nn.Precision;
import dev.ottava.nn.WeightFormat;
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
     * @param precision what the model computes with, and what its weights are stored in; those of the files, F32, BF16,
     *     F16 or FP8 as transformers has it, are converted
     * @throws InvalidArgumentException if a file is broken, or a tensor missing, unknown or of another shape
     */
    public static LlamaModel load(Path folder, Device device, Precision precision) {
        LlamaConfig config = readConfig(folder);
        try (ModelWeights weights = ModelWeights.open(folder)) {
            if (config.numHiddenLayers() > weights.count()) {
                throw new InvalidArgumentException(folder + ": num_hidden_layers is " + config.numHiddenLayers()
                        + ", but there are only " + weights.count() + " tensors");
            }
            weights.check(LlamaParameters.shapes(config), config.tieWordEmbeddings());
            LlamaModel model = LlamaModel.empty(config, device, precision);
            try {
                for (Parameter parameter : model.parameters()) {
                    weights.read(parameter);
                }
                return model;
            } catch (RuntimeException e) {
                model.close();
                throw e;
            }
        }
    }

    /**
     * Saves a model as transformers reads it, with weights as it stores them. Files of the same names are replaced by renaming, once
     * all are whole on the disk, and {@code config.json} last: a folder with a {@code config.json} has a whole model.
     *
     * @param tokenizerOrNull whose files are copied
     * @throws OttavaException if the disk is full or the folder cannot be written; it is left as it was
     */
    public static void save(LlamaModel model, Path folder, Tokenizer tokenizerOrNull) {
        save(model, folder, tokenizerOrNull, null);
    }

    /**
     * As {@link #save(LlamaModel, Path, Tokenizer)}, in another dtype.
     *
     * @param dtypeOrNull F32 or BF16, which weights are converted to while they are written; null: as they are stored
     */
    public static void save(LlamaModel model, Path folder, Tokenizer tokenizerOrNull, DType dtypeOrNull) {
        WeightFormat stored = model.precision().weights();
        Map<String, Source> tensors = new TreeMap<>();
        for (Parameter parameter : model.parameters()) {
            if (dtypeOrNull != null) {
                tensors.put(parameter.name(), Source.of(parameter, dtypeOrNull));
            } else {
                parameter.tensors().forEach((name, tensor) -> tensors.put(name, Source.of(tensor)));
            }
        }
        Map<String, Object> config = dtypeOrNull != null
                ? ConfigWriter.config(model.config(), dtypeOrNull, false)
                : ConfigWriter.config(model.config(), stored.others(), stored.isFp8());
        List<Path> copied = tokenizerOrNull == null ? List.of() : tokenizerOrNull.files();
        try (StagedFiles staged = new StagedFiles(folder)) {
            for (Path file : copied) {
                String name = file.getFileName().toString();
                Files.copy(file, staged.file(name), StandardCopyOption.REPLACE_EXISTING);
            }
            if (copied.stream().noneMatch(file -> file.endsWith(GENERATION_CONFIG))) {
                Json.write(staged.file(GENERATION_CONFIG), ConfigWriter.generationConfig(model.config()));
            }
            SafetensorsWriter.writeSources(staged.file(ModelWeights.SINGLE), tensors);
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
