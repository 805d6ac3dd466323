package dev.ottava.cli;

import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.hub.ModelFolder;
import dev.ottava.hub.Tokenizer;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.SaleThresholds;
import dev.ottava.nn.Sampler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ottava generate}. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        abbreviateSynopsis = true,
        header = "Continues a text.",
        footer = {
            "",
            "Prints what follows the prompt, as it comes.",
            "",
            "Example:",
            "  ottava generate --model tuned --prompt \"Once upon a time\" --max-tokens 200 --temperature 0.8 --top-p"
                    + " 0.95",
            "  ottava generate --model tuned --prompt-file book.txt --attention sale --thresholds thresholds.json"
        })
final class GenerateCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "A Hugging Face directory with tokenizer.json.")
    private Path folder;

    @ArgGroup(multiplicity = "1")
    private Prompt prompt;

    /** One of them. */
    static final class Prompt {
        @Option(names = "--prompt", required = true, paramLabel = "TEXT", description = "What to continue.")
        private String text;

        @Option(
                names = "--prompt-file",
                required = true,
                paramLabel = "FILE",
                description = "Or a file with it, in UTF-8.")
        private Path file;
    }

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "256",
            description = "Stop after this many, if the text does not end before (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            defaultValue = "0.8",
            description = "Divides the logits; 0 always takes the likeliest token (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "X",
            defaultValue = "1",
            description = "Choose among the likeliest tokens that together reach this probability (default:"
                    + " ${DEFAULT-VALUE}).")
    private double topP;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "The same seed gives the same text (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--json", description = "Print one JSON object when all is done.")
    private boolean json;

    @Mixin(name = "Attention of the prompt")
    private final AttentionArguments attention = new AttentionArguments();

    @Mixin(name = "Device")
    private final DeviceArguments deviceArguments = new DeviceArguments();

    private final Terminal terminal;

    GenerateCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        String text = text();
        Sampler sampler = new Sampler(temperature, topP, seed);
        LlamaConfig config = ModelFolder.readConfig(folder);
        SaleThresholds thresholds = attention.thresholdsOrNull(config);
        try (Device device = deviceArguments.open(terminal.err());
                ModelTokenizer opened = ModelTokenizer.of(folder)) {
            Tokenizer tokenizer = opened.orNull();
            if (tokenizer == null) {
                throw new InvalidArgumentException(
                        folder + " has no tokenizer.json, and the prompt is text: add the model's");
            }
            Generation generation = new Generation(config, tokenizer, text, maxTokens);
            if (thresholds != null) {
                generation.attendBySale(thresholds, attention::see);
            }
            try (LlamaModel model = ModelFolder.load(folder, device, deviceArguments.precision(device))) {
                Failures.work(() -> {
                    generation.run(model, sampler, piece -> {
                        if (!json) {
                            terminal.out().print(piece);
                            terminal.out().flush();
                        }
                    });
                    print(generation, text);
                });
            }
        }
        return 0;
    }

    private String text() {
        if (prompt.file == null) {
            return prompt.text;
        }
        try {
            return Files.readString(prompt.file);
        } catch (CharacterCodingException e) {
            throw new InvalidArgumentException(prompt.file + ": not UTF-8 text");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void print(Generation generation, String text) {
        if (!json) {
            terminal.out().println();
            attention.remark(terminal.err());
            return;
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("prompt", text);
        object.put("text", generation.text());
        object.put("prompt_tokens", generation.promptTokens());
        object.put("tokens", generation.tokens());
        object.put("finish_reason", generation.ended() ? "end" : "length");
        object.put("tokens_per_second", generation.tokensPerSecond());
        attention.describe(object);
        Json.print(terminal.out(), object);
    }
}
