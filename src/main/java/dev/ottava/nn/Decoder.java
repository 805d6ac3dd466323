package dev.ottava.nn;

import dev.ottava.autograd.Saving;
import dev.ottava.autograd.Tape;
import dev.ottava.autograd.Variable;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.Rope;
import java.util.ArrayList;
import java.util.List;

/** Generates one sequence with a key/value cache: a prompt at once, then a token at a time. */
public final class Decoder implements AutoCloseable {
    private final LlamaModel model;
    private final int capacity;
    private final List<Tensor> keys = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private int length;

    /**
     * A decoder with an empty cache.
     *
     * @param capacity the most tokens, prompt included
     */
    public Decoder(LlamaModel model, int capacity) {
        LlamaConfig config = model.config();
        if (capacity < 1 || capacity > config.maxPositionEmbeddings()) {
            throw new InvalidArgumentException("a sequence of " + capacity + " tokens does not fit the model's "
                    + config.maxPositionEmbeddings() + " positions (max_position_embeddings)");
        }
        this.model = model;
        this.capacity = capacity;
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            keys.add(cache());
            values.add(cache());
        }
        model.rope().ensure(capacity);
    }

    private Tensor cache() {
        LlamaConfig config = model.config();
        return model.device()
                .arena(MemoryPurpose.KEY_VALUE_CACHE)
                .empty(model.dtype(), 1, capacity, config.numKeyValueHeads(), config.headDim());
    }

    /** Tokens in the cache. */
    public int length() {
        return length;
    }

    /** Appends tokens, and returns the logits that follow the last. */
    public float[] prefill(int... ids) {
        if (ids.length == 0) {
            throw new InvalidArgumentException("the prompt has no tokens");
        }
        if (length + ids.length > capacity) {
            throw new InvalidArgumentException((length + ids.length) + " tokens do not fit the cache of " + capacity);
        }
        try (Tensor idTensor = model.device().tensor(ids, ids.length);
                Tape tape = Tape.notRecording(model.device())) {
            Variable x = model.embed(tape, idTensor);
            for (int layer = 0; layer < keys.size(); layer++) {
                Tensor k = keys.get(layer);
                Tensor v = values.get(layer);
                Variable y = model.blocks()
                        .get(layer)
                        .forward(tape, x, (t, q, newK, newV) -> attend(q, newK, newV, k, v), Saving.AS_COMPUTED);
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

    /** Appends a token, and returns the logits that follow it. */
    public float[] next(int id) {
        return prefill(id);
    }

    private Variable attend(Variable q, Variable newK, Variable newV, Tensor k, Tensor v) {
        LlamaConfig config = model.config();
        int count = (int) q.value().size(0);
        rotate(q.value());
        rotate(newK.value());
        store(k, newK.value());
        store(v, newV.value());
        Tensor out = model.device()
                .arena(MemoryPurpose.ACTIVATIONS)
                .empty(model.dtype(), q.value().shape());
        Attention.forward(
                out.view(1, count, config.numAttentionHeads(), config.headDim()),
                null,
                q.value().view(1, count, config.numAttentionHeads(), config.headDim()),
                k,
                v,
                length + count,
                1 / Math.sqrt(config.headDim()));
        return Tape.owning(out);
    }

    private void rotate(Tensor x) {
        int headDim = model.config().headDim();
        Tensor heads = x.view(x.size(0), x.size(1) / headDim, headDim);
        Rope.apply(heads, model.rope().cosine(), model.rope().sine(), x.size(0), length, false);
    }

    private void store(Tensor cache, Tensor rows) {
        cache.view(capacity, rows.size(1)).rows(length, length + rows.size(0)).copyFrom(rows);
    }

    @Override
    public void close() {
        keys.forEach(Tensor::close);
        values.forEach(Tensor::close);
    }
}
