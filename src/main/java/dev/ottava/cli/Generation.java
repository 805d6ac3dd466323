package dev.ottava.cli;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.hub.Tokenizer;
import dev.ottava.nn.Decoder;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaModel;
import dev.ottava.nn.SaleThresholds;
import dev.ottava.nn.Sampler;
import dev.ottava.nn.SparsePrefill;
import java.util.function.Consumer;

/** The continuation of one prompt. */
final class Generation {
    private final LlamaConfig config;
    private final Tokenizer tokenizer;
    private final int[] promptIds;
    private final int maxTokens;
    private final StringBuilder text = new StringBuilder();
    private int tokens;
    private boolean ended;
    private double seconds;
    private SaleThresholds thresholds;
    private Consumer<SparsePrefill> prefilled;

    /** Looks at everything that can be wrong with the request. */
    Generation(LlamaConfig config, Tokenizer tokenizer, String prompt, int maxTokens) {
        this.config = config;
        this.tokenizer = tokenizer;
        this.promptIds = tokenizer.encode(prompt, true);
        this.maxTokens = maxTokens;
        if (maxTokens < 1) {
            throw new InvalidArgumentException("--max-tokens " + maxTokens + ": a whole number from 1");
        }
        if (promptIds.length == 0) {
            throw new InvalidArgumentException("the prompt has no tokens: give at least one character");
        }
        if ((long) promptIds.length + maxTokens > config.maxPositionEmbeddings()) {
            throw new InvalidArgumentException("a prompt of " + promptIds.length + " tokens and --max-tokens "
                    + maxTokens + " are more than the model's " + config.maxPositionEmbeddings()
                    + " positions (max_position_embeddings)");
        }
    }

    /** Has the prompt attend by SALE. What it attended to is shown to {@code seen}, which leaves it open. */
    void attendBySale(SaleThresholds withThresholds, Consumer<SparsePrefill> seen) {
        thresholds = withThresholds;
        prefilled = seen;
    }

    private float[] prefill(Decoder decoder) {
        if (thresholds == null) {
            return decoder.prefill(promptIds);
        }
        try (SparsePrefill prefill = decoder.prefillWithMasks(promptIds)) {
            prefilled.accept(prefill);
            return prefill.logits();
        }
    }

    /** Generates, and hands out text as soon as it is certain. */
    void run(LlamaModel model, Sampler sampler, Consumer<String> output) {
        TextStream stream = new TextStream(tokenizer, promptIds);
        long start = System.nanoTime();
        try (Decoder decoder = new Decoder(model, promptIds.length + maxTokens, thresholds)) {
            float[] logits = prefill(decoder);
            while (tokens < maxTokens) {
                int id = sampler.sample(logits);
                if (id == config.eosTokenId()) {
                    ended = true;
                    break;
                }
                tokens++;
                emit(stream.add(id), output);
                if (tokens < maxTokens) {
                    logits = decoder.next(id);
                }
            }
        }
        emit(stream.rest(), output);
        seconds = (System.nanoTime() - start) / 1e9;
    }

    private void emit(String piece, Consumer<String> output) {
        if (!piece.isEmpty()) {
            text.append(piece);
            output.accept(piece);
        }
    }

    /** All of it, without the prompt. */
    String text() {
        return text.toString();
    }

    int promptTokens() {
        return promptIds.length;
    }

    int tokens() {
        return tokens;
    }

    /** Whether the model said that the text ends here. */
    boolean ended() {
        return ended;
    }

    /** Prefill included. */
    double tokensPerSecond() {
        return tokens / seconds;
    }
}
