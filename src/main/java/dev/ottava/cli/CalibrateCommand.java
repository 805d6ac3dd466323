package dev.ottava.cli;

import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.data.DataOptions;
import dev.ottava.data.Dataset;
import dev.ottava.data.Datasets;
import dev.ottava.data.Progress;
import dev.ottava.hub.ModelFolder;
import dev.ottava.hub.SaleThresholdsFile;
import dev.ottava.kernel.Sale;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.SaleCalibration;
import dev.ottava.nn.SaleCalibrator;
import dev.ottava.nn.SaleErrorBound;
import dev.ottava.nn.SaleThresholds;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ottava calibrate}. */
@Command(
        name = "calibrate",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        abbreviateSynopsis = true,
        header = "Finds the thresholds of sparse attention (SALE) for a model: for `generate --attention sale`.",
        footer = {
            "",
            "Each head keeps as few blocks as leave its output within the error of dense attention, on every sample.",
            "Samples should be as long as the prompts that are to come, and like them.",
            "",
            "Example:",
            "  ottava calibrate --model tuned --data long.jsonl --error 0.4 --output thresholds.json"
        })
final class CalibrateCommand implements Callable<Integer> {
    private static final int DEFAULT_MAX_TOKENS = 8192;

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "A Hugging Face directory.")
    private Path folder;

    @Option(
            names = "--data",
            required = true,
            arity = "1..*",
            paramLabel = "FILE...",
            hideParamSyntax = true,
            description = "Files with long samples: .txt or .jsonl, as in train.")
    private List<Path> files;

    @ArgGroup(multiplicity = "1")
    private Bound bound;

    /** One of them. */
    static final class Bound {
        @Option(
                names = "--error",
                required = true,
                paramLabel = "X",
                description = "How far the output of a head may be from that of dense attention: the sum over its"
                        + " channels of what they are off, mean of all queries. The paper takes 0.4 for Llama 3.1 8B.")
        private Double absolute;

        @Option(
                names = "--relative-error",
                required = true,
                paramLabel = "X",
                description = "Or the same, in parts of the sum of the dense output's magnitudes.")
        private Double relative;
    }

    @Option(names = "--output", required = true, paramLabel = "FILE", description = "Where the thresholds go, JSON.")
    private Path output;

    @Option(
            names = "--row-step",
            paramLabel = "1|2|4|8",
            defaultValue = "1",
            description = "Estimate every so many queries: less work, and keys that few queries look for may be missed"
                    + " (default: ${DEFAULT-VALUE}).")
    private int rowStep;

    @Option(
            names = "--local-keys",
            paramLabel = "N",
            defaultValue = "128",
            description = "Keys before a query that are always kept (default: ${DEFAULT-VALUE}).")
    private long localKeys;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Most tokens of a sample (default: 8192, or what the model has positions for).")
    private Integer maxTokens;

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "8",
            description = "Take so many, the first (default: ${DEFAULT-VALUE}).")
    private int samples;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin(name = "Device")
    private final DeviceArguments deviceArguments = new DeviceArguments();

    private final Terminal terminal;

    CalibrateCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (samples < 1) {
            throw new InvalidArgumentException("--samples " + samples + ": a whole number from 1");
        }
        if (Files.isDirectory(output)) {
            throw new InvalidArgumentException("--output " + output + " is a folder: name a file");
        }
        boolean relative = bound.relative != null;
        SaleErrorBound errorBound = new SaleErrorBound(relative, relative ? bound.relative : bound.absolute);
        LlamaConfig config = ModelFolder.readConfig(folder);
        Sale.Selection selection = new Sale.Selection(localKeys, rowStep);
        SaleThresholds.uniform(config, selection, 0).check(config);
        int longest = maxTokens(config);
        try (Device device = deviceArguments.open(terminal.err());
                ModelTokenizer tokenizer = ModelTokenizer.of(folder);
                Datasets.Split data = Datasets.open(
                        DataOptions.inOrder(files, longest),
                        tokenizer.orNull(),
                        config.vocabSize(),
                        config.maxPositionEmbeddings(),
                        config.eosTokenId(),
                        Progress.NONE)) {
            List<int[]> ids = ids(data.train());
            SaleCalibrator.checkLengths(selection, ids);
            try (LlamaModel model = ModelFolder.load(folder, device, deviceArguments.precision(device))) {
                Failures.work(() -> calibrate(model, selection, errorBound, ids));
            }
        }
        return 0;
    }

    private int maxTokens(LlamaConfig config) {
        int positions = config.maxPositionEmbeddings();
        if (maxTokens == null) {
            return Math.min(DEFAULT_MAX_TOKENS, positions);
        }
        if (maxTokens < 2 || maxTokens > positions) {
            throw new InvalidArgumentException("--max-tokens " + maxTokens + ": a whole number from 2 to the model's "
                    + positions + " positions (max_position_embeddings)");
        }
        return maxTokens;
    }

    private List<int[]> ids(Dataset data) {
        List<int[]> ids = new ArrayList<>();
        for (int row = 0; row < Math.min(samples, data.rows()); row++) {
            ids.add(data.batch(row, 1).ids());
        }
        return ids;
    }

    private void calibrate(LlamaModel model, Sale.Selection selection, SaleErrorBound errorBound, List<int[]> ids) {
        CalibrationProgress progress = new CalibrationProgress(
                terminal, json, ids.size(), model.config().numHiddenLayers());
        SaleCalibration found;
        try {
            found = SaleCalibrator.run(model, selection, errorBound, ids, progress);
        } finally {
            progress.close();
        }
        String name = folder.toAbsolutePath().normalize().getFileName().toString();
        SaleThresholdsFile.of(name, model.config(), found).write(output);
        if (json) {
            Json.print(terminal.out(), CalibrationTable.json(found, output));
        } else {
            terminal.out().print(CalibrationTable.text(found));
            terminal.out().println("thresholds: " + output.toAbsolutePath());
        }
    }
}
