package dev.ottava.train;

import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The folder that {@code --output} names: the trained model in Hugging Face's layout, {@code metrics.jsonl}, {@code report.html}, and {@code
 * checkpoints/step-N}.
 *
 * @param path the folder, which exists
 * @param resumes whether a run that is there goes on
 */
public record RunFolder(Path path, boolean resumes) {
    /** A folder for a new run; refused if it holds one. */
    public static RunFolder create(Path path) {
        if (Files.exists(path.resolve(MetricsLog.FILE)) || Files.exists(path.resolve(Checkpoints.FOLDER))) {
            throw new InvalidArgumentException(
                    "--output " + path + " holds a run: choose another folder, or go on with --resume");
        }
        if (Files.exists(path.resolve("model.safetensors"))
                || Files.exists(path.resolve("model.safetensors.index.json"))) {
            throw new InvalidArgumentException("--output " + path + " holds a model: choose another folder");
        }
        return made(path, false);
    }

    /** The folder of a run that goes on from its last checkpoint, or from the beginning if it has none. */
    public static RunFolder resume(Path path) {
        return made(path, true);
    }

    private static RunFolder made(Path path, boolean resumes) {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new InvalidArgumentException("--output " + path + " cannot be made: " + e.getMessage());
        }
        if (!Files.isWritable(path)) {
            throw new InvalidArgumentException("--output " + path + " cannot be written to");
        }
        return new RunFolder(path, resumes);
    }
}
