package dev.ottava.cli;

import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.hub.ModelFolder;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.nn.Presets;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The model to train: one that exists, or one from scratch. */
final class ModelChoice {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Go on from a Llama or Qwen2 in a Hugging Face directory: config.json, model.safetensors,"
                    + " tokenizer.json.")
    private Path folder;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description = "Start a new model with a byte-level tokenizer instead: demo-3m, llama-15m, ...")
    private String preset;

    /** The model's directory, or null for a preset. */
    Path folder() {
        return folder;
    }

    LlamaConfig config() {
        if (folder == null && preset == null) {
            throw new InvalidArgumentException(
                    "no model: give --model DIR to go on from one, or --preset NAME to start one");
        }
        return folder != null ? ModelFolder.readConfig(folder) : Presets.named(preset);
    }

    LlamaModel open(LlamaConfig config, Device device, Precision precision, long seed) {
        return folder != null
                ? ModelFolder.load(folder, device, precision)
                : LlamaModel.initialize(config, device, precision, seed);
    }

    /** What it is called in a report. */
    String name() {
        return folder != null ? folder.toString() : preset;
    }
}
