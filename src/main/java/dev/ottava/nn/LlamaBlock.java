package dev.ottava.nn;

import dev.ottava.autograd.AddOperation;
import dev.ottava.autograd.Fp8LinearOperation;
import dev.ottava.autograd.LinearInput;
import dev.ottava.autograd.LinearOperation;
import dev.ottava.autograd.LinearWeight;
import dev.ottava.autograd.Parameter;
import dev.ottava.autograd.QuantizeOperation;
import dev.ottava.autograd.QuantizedVariable;
import dev.ottava.autograd.RmsNormOperation;
import dev.ottava.autograd.Saving;
import dev.ottava.autograd.SwiGluOperation;
import dev.ottava.autograd.Tape;
import dev.ottava.autograd.Variable;
import dev.ottava.kernel.Scaling;
import java.util.function.Function;
import java.util.stream.Stream;

/** One layer: {@code h = x + attention(norm(x))}, then {@code h + feedForward(norm(h))}. */
final class LlamaBlock {
    /** Rotates queries and keys and attends: over the sequences of a batch in training, over a cache in decoding. */
    interface Attend {
        Variable apply(Tape tape, Variable q, Variable k, Variable v);
    }

    private record Linear(LinearWeight weight, Parameter bias) {
        Variable apply(Tape tape, LinearInput x) {
            if (x instanceof QuantizedVariable quantized) {
                return Fp8LinearOperation.apply(tape, quantized, weight, bias);
            }
            return LinearOperation.apply(tape, (Variable) x, weight, bias);
        }

        QuantizedVariable groups(Tape tape, LinearInput x) {
            return Fp8LinearOperation.groups(tape, (QuantizedVariable) x, weight, bias);
        }
    }

    private final int layer;
    private final double epsilon;
    private final Scaling fp8;
    private final Parameter inputNorm;
    private final Parameter postAttentionNorm;
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear output;
    private final Linear gate;
    private final Linear up;
    private final Linear down;

    LlamaBlock(LlamaConfig config, int layer, Function<String, Parameter> parameters, Precision precision) {
        this.layer = layer;
        fp8 = precision.fp8Scaling();
        String prefix = "model.layers." + layer + ".";
        Function<String, Linear> linear = name -> {
            Parameter weight = parameters.apply(prefix + name + ".weight");
            Parameter bias = parameters.apply(prefix + name + ".bias");
            return new Linear(new LinearWeight(weight, precision.dtype(), fp8), bias);
        };
        epsilon = config.rmsNormEps();
        inputNorm = parameters.apply(prefix + "input_layernorm.weight");
        postAttentionNorm = parameters.apply(prefix + "post_attention_layernorm.weight");
        query = linear.apply("self_attn.q_proj");
        key = linear.apply("self_attn.k_proj");
        value = linear.apply("self_attn.v_proj");
        output = linear.apply("self_attn.o_proj");
        gate = linear.apply("mlp.gate_proj");
        up = linear.apply("mlp.up_proj");
        down = linear.apply("mlp.down_proj");
    }

    /**
     * Runs the block.
     *
     * @param reader how the operation that reads the result will save it
     */
    Variable forward(Tape tape, Variable x, Attend attend, Saving reader) {
        tape.enter(layer);
        try (Variable h = attention(tape, x, attend)) {
            return feedForward(tape, h, reader);
        } finally {
            tape.enter(-1);
        }
    }

    private Variable attention(Tape tape, Variable x, Attend attend) {
        Variable q;
        Variable k;
        Variable v;
        try (LinearInput normed = normalize(tape, x, inputNorm)) {
            q = query.apply(tape, normed);
            k = key.apply(tape, normed);
            v = value.apply(tape, normed);
        }
        Variable attended = attend.apply(tape, q, k, v);
        q.close();
        k.close();
        v.close();
        Variable projected;
        try (Variable plain = attended;
                LinearInput operand = fp8 == null
                        ? plain
                        : QuantizeOperation.apply(
                                tape, plain, fp8, tape.policy().attention())) {
            projected = output.apply(tape, operand);
        }
        Variable h = AddOperation.apply(tape, x, projected, tape.policy().norms());
        projected.close();
        return h;
    }

    private LinearInput normalize(Tape tape, Variable x, Parameter weight) {
        return fp8 == null
                ? RmsNormOperation.apply(tape, x, weight, epsilon)
                : RmsNormOperation.quantized(tape, x, weight, epsilon, fp8);
    }

    /** The weights of the linear layers. */
    Stream<LinearWeight> weights() {
        return Stream.of(query, key, value, output, gate, up, down).map(Linear::weight);
    }

    private Variable feedForward(Tape tape, Variable h, Saving reader) {
        LinearInput activated;
        try (LinearInput normed = normalize(tape, h, postAttentionNorm)) {
            activated = gated(tape, normed);
        }
        Variable projected = down.apply(tape, activated);
        activated.close();
        Variable y = AddOperation.apply(tape, h, projected, reader);
        projected.close();
        return y;
    }

    private LinearInput gated(Tape tape, LinearInput normed) {
        if (fp8 != null && tape.policy().gates() == Saving.FP8) {
            try (QuantizedVariable g = gate.groups(tape, normed);
                    QuantizedVariable u = up.groups(tape, normed)) {
                return SwiGluOperation.quantized(tape, g, u, fp8);
            }
        }
        try (Variable g = gate.apply(tape, normed);
                Variable u = up.apply(tape, normed)) {
            return fp8 == null ? SwiGluOperation.apply(tape, g, u) : SwiGluOperation.quantized(tape, g, u, fp8);
        }
    }
}
