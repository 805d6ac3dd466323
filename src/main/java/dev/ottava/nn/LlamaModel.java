package dev.ottava.nn;

import dev.ottava.autograd.AttentionOperation;
import dev.ottava.autograd.EmbeddingOperation;
import dev.ottava.autograd.LinearWeight;
import dev.ottava.autograd.LossOperation;
import dev.ottava.autograd.Parameter;
import dev.ottava.autograd.Recompute;
import dev.ottava.autograd.RmsNormOperation;
import dev.ottava.autograd.RopeOperation;
import dev.ottava.autograd.Saving;
import dev.ottava.autograd.SavingPolicy;
import dev.ottava.autograd.Tape;
import dev.ottava.autograd.Variable;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** A Llama or Qwen2 language model: its parameters on a device, and the forward pass. */
public final class LlamaModel implements AutoCloseable {
    private final LlamaConfig config;
    private final Device device;
    private final Precision precision;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Map<String, Parameter> byName = new HashMap<>();
    private final List<LlamaBlock> blocks = new ArrayList<>();
    private final Map<Parameter, LinearWeight> linearWeights = new HashMap<>();
    private final RopeTables rope;

    private LlamaModel(LlamaConfig config, Device device, Precision precision) {
        this.config = config;
        this.device = device;
        this.precision = precision;
        precision.weights().check(LlamaParameters.shapes(config));
        LlamaParameters.shapes(config).forEach((name, shape) -> {
            Parameter parameter = precision.weights().empty(device, name, parameters.size(), shape);
            parameters.add(parameter);
            byName.put(name, parameter);
        });
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            blocks.add(new LlamaBlock(config, layer, byName::get, precision));
        }
        blocks.stream().flatMap(LlamaBlock::weights).forEach(weight -> linearWeights.put(weight.parameter(), weight));
        rope = new RopeTables(device, config);
    }

    /** A model whose weights are not initialised, for a loader to fill. */
    public static LlamaModel empty(LlamaConfig config, Device device, Precision precision) {
        return new LlamaModel(config, device, precision);
    }

    /** A model with random weights: see {@link Initialization}. */
    public static LlamaModel initialize(LlamaConfig config, Device device, Precision precision, long seed) {
        LlamaModel model = new LlamaModel(config, device, precision);
        Initialization.apply(model, seed);
        return model;
    }

    public LlamaConfig config() {
        return config;
    }

    public Device device() {
        return device;
    }

    public Precision precision() {
        return precision;
    }

    /** The dtype of activations. */
    public DType dtype() {
        return precision.dtype();
    }

    /** Says that a weight has changed, as whoever changes one must: what linear layers in FP8 know of it is made again. */
    public void changed(Parameter parameter) {
        LinearWeight weight = linearWeights.get(parameter);
        if (weight != null) {
            weight.changed();
        }
    }

    /** Says that all weights may have changed. */
    public void changed() {
        linearWeights.values().forEach(LinearWeight::changed);
    }

    /** Keeps the operands of products in FP8 from one use to the next: see {@link LinearWeight#keepOperands}. */
    public void keepOperands() {
        linearWeights.values().forEach(LinearWeight::keepOperands);
    }

    /** All parameters in the order of their names. A tied language-model head is the embedding, and is not listed twice. */
    public List<Parameter> parameters() {
        return List.copyOf(parameters);
    }

    /**
     * The sum of the cross-entropy of a batch.
     *
     * @param tape decides whether there will be a backward pass
     * @param ids [batch · length], I32, row after row; open until the backward pass is done
     * @param targets [batch · length], I32; negative: masked
     * @param scale what gradients are multiplied with, as a rule 1 / number of targets
     * @param saving what each layer, counted from 0, saves for the backward pass, and how
     */
    public LossOperation.Loss loss(
            Tape tape, Tensor ids, Tensor targets, long batch, double scale, IntFunction<SavingPolicy> saving) {
        try (Variable hidden = hidden(tape, ids, batch, saving)) {
            return LossOperation.apply(tape, hidden, head(), targets, scale);
        }
    }

    /**
     * The same, where the scale is on the device.
     *
     * @param scale [1], F32; open until the backward pass is done
     */
    public LossOperation.Loss loss(
            Tape tape, Tensor ids, Tensor targets, long batch, Tensor scale, IntFunction<SavingPolicy> saving) {
        try (Variable hidden = hidden(tape, ids, batch, saving)) {
            return LossOperation.apply(tape, hidden, head(), targets, scale);
        }
    }

    /** The same, where every layer saves what it computes. */
    public LossOperation.Loss loss(Tape tape, Tensor ids, Tensor targets, long batch, double scale) {
        return loss(tape, ids, targets, batch, scale, layer -> SavingPolicy.AS_COMPUTED);
    }

    /**
     * The logits of every position, F32 [batch · length, vocabulary]; the caller closes them.
     *
     * @param ids [batch · length], I32
     */
    public Tensor logits(Tensor ids, long batch) {
        try (Tape tape = Tape.notRecording(device);
                Variable hidden = hidden(tape, ids, batch, layer -> SavingPolicy.AS_COMPUTED)) {
            return project(hidden.value());
        }
    }

    /**
     * Bytes that all layers together save for the backward pass, as the device's allocator counts them: the forward pass runs.
     *
     * @param batch sequences
     * @param length tokens of each
     */
    public long savedBytes(int batch, int length, IntFunction<SavingPolicy> saving) {
        rope.ensure(length);
        try (Tensor ids = device.empty(DType.I32, (long) batch * length).fill(0);
                Tape tape = Tape.recording(device)) {
            long before = device.memory().liveBytes();
            layers(tape, ids, batch, saving).close();
            return device.memory().liveBytes() - before;
        }
    }

    private Variable hidden(Tape tape, Tensor ids, long batch, IntFunction<SavingPolicy> saving) {
        try (Variable x = layers(tape, ids, batch, saving)) {
            return finalNorm(tape, x);
        }
    }

    private Variable layers(Tape tape, Tensor ids, long batch, IntFunction<SavingPolicy> saving) {
        long length = ids.count() / batch;
        if (length > config.maxPositionEmbeddings()) {
            throw new InvalidArgumentException("a sequence of " + length + " is longer than the model's "
                    + config.maxPositionEmbeddings() + " positions (max_position_embeddings)");
        }
        rope.ensure(length);
        LlamaBlock.Attend attend = (t, q, k, v) -> {
            try (Variable qRotated = rotate(t, q, length);
                    Variable kRotated = rotate(t, k, length)) {
                return AttentionOperation.apply(t, qRotated, kRotated, v, batch, config.headDim());
            }
        };
        Variable x = embed(tape, ids);
        for (int layer = 0; layer < blocks.size(); layer++) {
            LlamaBlock block = blocks.get(layer);
            SavingPolicy policy = saving.apply(layer);
            // The final norm, which reads the last layer's output, is in no layer.
            Saving reader = layer + 1 < blocks.size() ? saving.apply(layer + 1).norms() : Saving.AS_COMPUTED;
            tape.use(policy);
            Variable y = policy.recompute()
                    ? Recompute.apply(tape, x, (t, input) -> block.forward(t, input, attend, reader))
                    : block.forward(tape, x, attend, reader);
            x.close();
            x = y;
        }
        tape.use(SavingPolicy.AS_COMPUTED);
        return x;
    }

    private Variable rotate(Tape tape, Variable x, long length) {
        return RopeOperation.apply(tape, x, rope.cosine(), rope.sine(), length, config.headDim());
    }

    Variable embed(Tape tape, Tensor ids) {
        return EmbeddingOperation.apply(tape, ids, byName.get("model.embed_tokens.weight"), dtype());
    }

    Variable finalNorm(Tape tape, Variable x) {
        return RmsNormOperation.apply(tape, x, byName.get("model.norm.weight"), config.rmsNormEps());
    }

    /** Logits, F32, of hidden states [rows, hidden]. */
    Tensor project(Tensor hidden) {
        Tensor logits = device.empty(DType.F32, hidden.size(0), config.vocabSize());
        LossOperation.logits(logits, hidden, head());
        return logits;
    }

    List<LlamaBlock> blocks() {
        return blocks;
    }

    RopeTables rope() {
        return rope;
    }

    private Parameter head() {
        return byName.get(config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight");
    }

    @Override
    public void close() {
        rope.close();
        linearWeights.values().forEach(LinearWeight::close);
        parameters.forEach(Parameter::close);
    }
}
