package dev.ottava.cli;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.hub.SaleThresholdsFile;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.SaleThresholds;
import dev.ottava.nn.SparsePrefill;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import picocli.CommandLine.Option;

/** How a prompt attends, and what is said of it afterwards. */
final class AttentionArguments {
    @Option(
            names = "--attention",
            paramLabel = "dense|sale",
            defaultValue = "dense",
            description = "dense: to all tokens. sale: to the blocks of tokens that a 4-bit estimate finds to matter;"
                    + " what is generated attends to all (default: ${DEFAULT-VALUE}).")
    private Choices.Attention kind;

    @Option(
            names = "--thresholds",
            paramLabel = "FILE",
            description = "With --attention sale: what matters, as `ottava calibrate` found it for this model.")
    private Path file;

    @Option(
            names = "--attention-picture",
            paramLabel = "FILE",
            description = "With --attention sale: draw which blocks each head kept, as an SVG.")
    private Path picture;

    private SaleThresholds thresholds;
    private double[][] kept;
    private long causalBlocks;

    /** Null where attention is dense. */
    SaleThresholds thresholdsOrNull(LlamaConfig config) {
        boolean sale = kind == Choices.Attention.SALE;
        if (!sale && file != null) {
            throw new InvalidArgumentException("--thresholds is for --attention sale: give both, or neither");
        }
        if (!sale && picture != null) {
            throw new InvalidArgumentException(
                    "--attention-picture shows what --attention sale keeps: give both, or neither");
        }
        if (sale && file == null) {
            throw new InvalidArgumentException(
                    "--attention sale needs --thresholds FILE: `ottava calibrate` makes one for a model");
        }
        if (picture != null && (Files.isDirectory(picture) || !Files.isDirectory(folder(picture)))) {
            throw new InvalidArgumentException("--attention-picture " + picture
                    + (Files.isDirectory(picture)
                            ? " is a folder: name a file"
                            : ": there is no folder " + folder(picture)));
        }
        if (sale) {
            thresholds = SaleThresholdsFile.read(file).thresholds(config);
            thresholds.check(config);
        }
        return thresholds;
    }

    private static Path folder(Path file) {
        return file.toAbsolutePath().getParent();
    }

    /** Takes note of what the prompt attended to, and draws it. */
    void see(SparsePrefill prefill) {
        kept = prefill.keptFractions();
        causalBlocks = prefill.causalBlocks();
        if (picture != null) {
            KeptBlocks.write(picture, prefill.masks(), thresholds.selection().localKeys());
        }
    }

    private double keptOfAll() {
        return Arrays.stream(kept).flatMapToDouble(Arrays::stream).average().orElse(0);
    }

    /** One line, where attention was sparse. */
    void remark(PrintStream out) {
        if (kept != null) {
            out.printf(
                    "ottava: the prompt attended by SALE: %s %% of %d causal blocks of a head kept%s%n",
                    Format.fixed(100 * keptOfAll(), 1), causalBlocks, picture == null ? "" : ", drawn in " + picture);
        }
    }

    /** What {@code --json} says of it. */
    void describe(Map<String, Object> object) {
        object.put("attention", Choices.word(kind));
        if (kept != null) {
            object.put("kept_fraction", keptOfAll());
            object.put("kept_fractions", kept);
            object.put("causal_blocks", causalBlocks);
        }
    }
}
