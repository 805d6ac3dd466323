package dev.ottava.train;

import dev.ottava.data.DataOptions;
import dev.ottava.data.Dataset;
import dev.ottava.data.Datasets;
import dev.ottava.nn.LlamaConfig;
import java.nio.file.Path;
import java.util.List;

/** The golden models and their data. */
final class Goldens {
    static final Path GROUPED = Path.of("src/test/resources/goldens/llama-gqa");
    static final Path RAGGED = Path.of("src/test/resources/goldens/llama-ragged");

    private Goldens() {}

    static Dataset data(Path golden, LlamaConfig config) {
        DataOptions options = DataOptions.inOrder(List.of(golden.resolve("train.jsonl")), 48);
        return Datasets.open(
                        options,
                        null,
                        config.vocabSize(),
                        config.maxPositionEmbeddings(),
                        -1,
                        (file, done, total) -> {})
                .train();
    }
}
