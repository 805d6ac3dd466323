package dev.ottava.hub;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * The tensors of a model folder: of {@code model.safetensors}, or of the files that {@code
 * model.safetensors.index.json} names.
 */
final class ModelWeights implements AutoCloseable {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private final Path folder;
    private final Map<String, SafetensorsFile> files = new TreeMap<>(); // by their names
    private final Map<String, SafetensorsFile> tensors = new TreeMap<>(); // where a tensor is

    private ModelWeights(Path folder) {
        this.folder = folder;
    }

    /** Opens all files and checks their headers. As in transformers, a single file goes before an index. */
    static ModelWeights open(Path folder) {
        ModelWeights weights = new ModelWeights(folder);
        try {
            if (Files.exists(folder.resolve(SINGLE))) {
                SafetensorsFile file = weights.openFile(SINGLE);
                file.names().forEach(name -> weights.tensors.put(name, file));
            } else if (Files.exists(folder.resolve(INDEX))) {
                weights.openShards();
            } else {
                throw new InvalidArgumentException(folder + " has neither " + SINGLE + " nor " + INDEX
                        + ": save the model with transformers' save_pretrained");
            }
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    int count() {
        return tensors.size();
    }

    /**
     * Refuses a model whose tensors are not those of the shapes, or not of a type that becomes F32 or BF16: E4M3 takes
     * scales beside it. Reads no weights.
     */
    void check(Map<String, long[]> shapes, boolean tied) {
        shapes.forEach((name, shape) -> {
            SafetensorsFile file = tensors.get(name);
            if (file == null) {
                String hint = name.equals("lm_head.weight") ? " (config.json does not say tie_word_embeddings)" : "";
                throw new InvalidArgumentException(folder + ": tensor '" + name + "' is missing" + hint);
            }
            file.requireShape(name, shape);
            if (Fp8Tensor.is(file, name)) {
                String scales = Fp8Tensor.scalesOf(name);
                if (!tensors.containsKey(scales)) {
                    throw new InvalidArgumentException(folder + ": tensor '" + scales + "' is missing");
                }
                Fp8Tensor.check(file, name, tensors.get(scales), shape);
            } else {
                file.requireReadable(name, DType.F32);
            }
        });
        tensors.forEach((name, file) -> {
            if (!shapes.containsKey(name) && !isHarmless(name, tied) && !isScales(name)) {
                throw new InvalidArgumentException(file.path() + ": tensor '" + Messages.line(name)
                        + "' is not one of the model that config.json describes");
            }
        });
        if (tied && tensors.containsKey("lm_head.weight")) {
            tensors.get("lm_head.weight").requireShape("lm_head.weight", shapes.get("model.embed_tokens.weight"));
        }
    }

    /** Reads a weight into the format it is stored in, by as many rows at a time as share a scale where a scale is in it. */
    void read(Parameter parameter) {
        String name = parameter.name();
        SafetensorsFile file = tensors.get(name);
        if (Fp8Tensor.is(file, name)) {
            Fp8Tensor.read(file, tensors.get(Fp8Tensor.scalesOf(name)), parameter);
        } else if (!parameter.isFp8()) {
            file.read(name, parameter.weight());
        } else {
            Panels.each(parameter, DType.F32, (first, rows) -> {
                file.readRows(name, first, rows);
                parameter.set(first, rows);
            });
        }
    }

    /** Whether a tensor is the scales of another that is there, in FP8. */
    private boolean isScales(String name) {
        String weight = Fp8Tensor.weightOf(name);
        return weight != null && tensors.containsKey(weight) && Fp8Tensor.is(tensors.get(weight), weight);
    }

    /**
     * What older writers put beside the weights: constants of the rotary embedding, and a head that is the embedding.
     */
    private static boolean isHarmless(String name, boolean tied) {
        return name.endsWith(".rotary_emb.inv_freq") || (tied && name.equals("lm_head.weight"));
    }

    private void openShards() {
        JsonObject index = Json.read(folder.resolve(INDEX)).object("weight_map");
        if (index == null) {
            throw new InvalidArgumentException(folder.resolve(INDEX) + ": weight_map is missing");
        }
        Map<String, String> fileOf = index.allTexts();
        fileOf.forEach((tensor, name) -> {
            SafetensorsFile file = openShard(index, tensor, name);
            if (!file.names().contains(tensor)) {
                throw new InvalidArgumentException(file.path() + ": tensor '" + Messages.line(tensor)
                        + "' is missing, though " + INDEX + " says it is there");
            }
            tensors.put(tensor, file);
        });
        files.forEach((name, file) -> file.names().forEach(tensor -> {
            if (!name.equals(fileOf.get(tensor)) && !isHarmless(tensor, true)) {
                throw new InvalidArgumentException(file.path() + ": tensor '" + Messages.line(tensor)
                        + "' is there, though " + INDEX + " does not say so");
            }
        }));
    }

    private SafetensorsFile openShard(JsonObject index, String tensor, String name) {
        SafetensorsFile open = files.get(name);
        if (open != null) {
            return open;
        }
        if (!name.endsWith(".safetensors") || name.contains("/") || name.contains("\\") || name.indexOf('\0') >= 0) {
            throw index.wrong(tensor, "the name of a .safetensors file of the same folder");
        }
        return openFile(name);
    }

    private SafetensorsFile openFile(String name) {
        SafetensorsFile file = SafetensorsFile.open(folder.resolve(name));
        files.put(name, file);
        return file;
    }

    @Override
    public void close() {
        files.values().forEach(SafetensorsFile::close);
    }
}
