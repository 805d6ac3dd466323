package dev.ottava.nn;

import dev.ottava.autograd.Saving;
import dev.ottava.autograd.Tape;
import dev.ottava.autograd.Variable;
import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.BlockMask;
import java.util.ArrayList;
import java.util.List;

/**
 * Generates one sequence with a key/value cache: a prompt at once, then a token at a time.
 *
 * <p>A long prompt can attend by SALE, over the blocks of scores that an estimate finds to matter; tokens after it attend to all:
 *
 * <pre>{@code
 * SaleThresholds thresholds = SaleThresholdsFile.read(Path.of("thresholds.json")).thresholds(model.config());
 * try (Decoder decoder = new Decoder(model, prompt.length + 100, thresholds);
 *         SparsePrefill prefill = decoder.prefillWithMasks(prompt)) {
 *     double[][] kept = prefill.keptFractions();        // [layers][heads]
 *     float[] logits = decoder.next(sampler.sample(prefill.logits()));
 * }
 * }</pre>
 */
public final class Decoder implements AutoCloseable {
    /** Keys and values of a layer and, where prompts attend by SALE, what that keeps beside them; else null. */
    private record Layer(Tensor keys, Tensor values, SaleKeys sale, Tensor tau) {}

    private final LlamaModel model;
    private final int capacity;
    private final SaleThresholds thresholds;
    private final List<Layer> layers = new ArrayList<>();
    private int length;

    /**
     * A decoder with an empty cache.
     *
     * @param capacity the most tokens, prompt included
     */
    public Decoder(LlamaModel model, int capacity) {
        this(model, capacity, null);
    }

    /**
     * A decoder whose prompts may attend by SALE. Head sizes 64 and 128; BF16, on cpu F32 too.
     *
     * @param capacity the most tokens, prompt included
     * @param thresholdsOrNull of the model; null: dense
     */
    public Decoder(LlamaModel model, int capacity, SaleThresholds thresholdsOrNull) {
        LlamaConfig config = model.config();
        if (capacity < 1 || capacity > config.maxPositionEmbeddings()) {
            throw new InvalidArgumentException("a sequence of " + capacity + " tokens does not fit the model's "
                    + config.maxPositionEmbeddings() + " positions (max_position_embeddings)");
        }
        if (thresholdsOrNull != null) {
            thresholdsOrNull.check(config);
            SaleThresholds.checkRuns(model);
        }
        this.model = model;
        this.capacity = capacity;
        this.thresholds = thresholdsOrNull;
        Arena arena = model.device().arena(MemoryPurpose.KEY_VALUE_CACHE);
        long[] shape = {1, capacity, config.numKeyValueHeads(), config.headDim()};
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            boolean sale = thresholds != null;
            layers.add(new Layer(
                    arena.empty(model.dtype(), shape),
                    arena.empty(model.dtype(), shape),
                    sale ? new SaleKeys(model.device(), config, capacity) : null,
                    sale ? tau(thresholds.tau()[layer]) : null));
        }
        model.rope().ensure(capacity);
    }

    private Tensor tau(float... ofHeads) {
        return model.device()
                .arena(MemoryPurpose.KEY_VALUE_CACHE)
                .empty(DType.F32, ofHeads.length)
                .copyFrom(ofHeads);
    }

    /** Tokens in the cache. */
    public int length() {
        return length;
    }

    /** Appends tokens, and returns the logits that follow the last. With thresholds, the tokens attend by SALE. */
    public float[] prefill(int... ids) {
        if (thresholds == null) {
            return append(ids, null);
        }
        try (SparsePrefill prefill = prefillWithMasks(ids)) {
            return prefill.logits();
        }
    }

    /** Appends tokens that attend by SALE, and says to what. The caller closes the result. */
    public SparsePrefill prefillWithMasks(int... ids) {
        if (thresholds == null) {
            throw new InvalidArgumentException("this decoder has no thresholds to attend by SALE with: give it some");
        }
        List<BlockMask> masks = new ArrayList<>();
        try {
            return new SparsePrefill(append(ids, masks), masks);
        } catch (RuntimeException e) {
            masks.forEach(BlockMask::close);
            throw e;
        }
    }

    /** Appends a token, which attends to all before it, and returns the logits that follow it. */
    public float[] next(int id) {
        return append(new int[] {id}, null);
    }

    /** {@code masksOrNull}: where to put the masks of attention by SALE; null: dense. */
    private float[] append(int[] ids, List<BlockMask> masksOrNull) {
        if (ids.length == 0) {
            throw new InvalidArgumentException("the prompt has no tokens");
        }
        if (length + ids.length > capacity) {
            throw new InvalidArgumentException((length + ids.length) + " tokens do not fit the cache of " + capacity);
        }
        try (Tensor idTensor = model.device().tensor(ids, ids.length);
                Tape tape = Tape.notRecording(model.device())) {
            Variable x = model.embed(tape, idTensor);
            for (int i = 0; i < layers.size(); i++) {
                Layer layer = layers.get(i);
                Variable y = model.blocks()
                        .get(i)
                        .forward(tape, x, (t, q, k, v) -> attend(layer, q, k, v, masksOrNull), Saving.AS_COMPUTED);
                x.close();
                x = y;
            }
            length += ids.length;
            try (Variable last = x;
                    Variable normed = model.finalNorm(tape, last);
                    Tensor logits = model.project(normed.value().rows(ids.length - 1, ids.length))) {
                return logits.toFloats();
            }
        }
    }

    private Variable attend(Layer layer, Variable q, Variable k, Variable v, List<BlockMask> masksOrNull) {
        LlamaConfig config = model.config();
        int count = (int) q.value().size(0);
        int keyLength = length + count;
        model.rope().rotate(q.value(), length);
        model.rope().rotate(k.value(), length);
        store(layer.keys(), k.value());
        store(layer.values(), v.value());
        Tensor heads = q.value().view(1, count, config.numAttentionHeads(), config.headDim());
        BlockMask mask = null;
        if (masksOrNull != null) {
            mask = select(layer, heads, keyLength);
            masksOrNull.add(mask);
        }
        Tensor out = model.device()
                .arena(MemoryPurpose.ACTIVATIONS)
                .empty(model.dtype(), q.value().shape());
        Attention.forward(
                out.view(heads.shape()),
                null,
                heads,
                layer.keys(),
                layer.values(),
                mask,
                keyLength,
                1 / Math.sqrt(config.headDim()));
        return Tape.owning(out);
    }

    private BlockMask select(Layer layer, Tensor q, int keyLength) {
        layer.sale().extend(layer.keys(), length, keyLength);
        try (SaleEstimate estimate =
                new SaleEstimate(layer.sale(), q, layer.keys(), keyLength, thresholds.selection())) {
            return estimate.select(layer.tau());
        }
    }

    private void store(Tensor cache, Tensor rows) {
        cache.view(capacity, rows.size(1)).rows(length, length + rows.size(0)).copyFrom(rows);
    }

    @Override
    public void close() {
        for (Layer layer : layers) {
            layer.keys().close();
            layer.values().close();
            if (layer.sale() != null) {
                layer.sale().close();
                layer.tau().close();
            }
        }
    }
}
