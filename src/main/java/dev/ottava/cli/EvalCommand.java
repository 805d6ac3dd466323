package dev.ottava.cli;

import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.data.DataOptions;
import dev.ottava.data.Datasets;
import dev.ottava.data.Progress;
import dev.ottava.hub.ModelFolder;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.Precision;
import dev.ottava.train.Trainer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ottava eval}. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        abbreviateSynopsis = true,
        header = "Computes the loss of a model on data: the mean of -ln p over all targets.",
        footer = {"", "Example:", "  ottava eval --model tuned --data held-out.jsonl --json"})
final class EvalCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A Hugging Face directory.")
    private Path folder;

    @Option(
            names = "--data",
            required = true,
            arity = "1..*",
            paramLabel = "FILE...",
            hideParamSyntax = true,
            description = "Files to evaluate on: .txt or .jsonl, as in train.")
    private List<Path> files;

    @Option(
            names = "--seq-len",
            paramLabel = "N",
            defaultValue = "512",
            description = "Most tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int seqLen;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "8",
            description = "Sequences at a time (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin(name = "Device")
    private final DeviceArguments deviceArguments = new DeviceArguments();

    private final Terminal terminal;

    EvalCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (batchSize < 1) {
            throw new InvalidArgumentException("--batch-size " + batchSize + ": a whole number from 1");
        }
        LlamaConfig config = ModelFolder.readConfig(folder);
        try (Device device = deviceArguments.open(terminal.err());
                ModelTokenizer tokenizer = ModelTokenizer.of(folder);
                Datasets.Split data = Datasets.open(
                        DataOptions.inOrder(files, seqLen),
                        tokenizer.orNull(),
                        config.vocabSize(),
                        config.maxPositionEmbeddings(),
                        config.eosTokenId(),
                        Progress.NONE)) {
            Precision precision = deviceArguments.precision(device);
            try (LlamaModel model = ModelFolder.load(folder, device, precision)) {
                Failures.work(() -> print(model, data));
            }
        }
        return 0;
    }

    private void print(LlamaModel model, Datasets.Split data) {
        double loss = Trainer.evaluate(model, data.train(), batchSize);
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("model", folder.toString());
            object.put("precision", Choices.Precision.text(model.precision()));
            object.put("device", model.device().name());
            object.put("loss", loss);
            object.put("perplexity", Math.exp(loss));
            object.put("sequences", data.train().rows());
            object.put("tokens", data.train().tokens());
            Json.print(terminal.out(), object);
        } else {
            terminal.out()
                    .printf(
                            "loss %s  perplexity %s  (%d tokens in %d sequences)%n",
                            Format.fixed(loss, 5),
                            Format.plain(Math.exp(loss)),
                            data.train().tokens(),
                            data.train().rows());
        }
    }
}
