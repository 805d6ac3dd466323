package dev.ottava.nn;

import dev.ottava.autograd.AddOperation;
import dev.ottava.autograd.LinearOperation;
import dev.ottava.autograd.Parameter;
import dev.ottava.autograd.RmsNormOperation;
import dev.ottava.autograd.SwiGluOperation;
import dev.ottava.autograd.Tape;
import dev.ottava.autograd.Variable;
import java.util.function.Function;

/** One layer: {@code h = x + attention(norm(x))}, then {@code h + feedForward(norm(h))}. */
final class LlamaBlock {
    /** Rotates queries and keys and attends: over the sequences of a batch in training, over a cache in decoding. */
    interface Attend {
        Variable apply(Tape tape, Variable q, Variable k, Variable v);
    }

    private record Linear(Parameter weight, Parameter bias) {
        Variable apply(Tape tape, Variable x) {
            return LinearOperation.apply(tape, x, weight, bias);
        }
    }

    private final double epsilon;
    private final Parameter inputNorm;
    private final Parameter postAttentionNorm;
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear output;
    private final Linear gate;
    private final Linear up;
    private final Linear down;

    LlamaBlock(LlamaConfig config, int layer, Function<String, Parameter> parameters) {
        String prefix = "model.layers." + layer + ".";
        Function<String, Linear> linear = name ->
                new Linear(parameters.apply(prefix + name + ".weight"), parameters.apply(prefix + name + ".bias"));
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

    Variable forward(Tape tape, Variable x, Attend attend) {
        try (Variable h = attention(tape, x, attend)) {
            return feedForward(tape, h);
        }
    }

    private Variable attention(Tape tape, Variable x, Attend attend) {
        Variable q;
        Variable k;
        Variable v;
        try (Variable normed = RmsNormOperation.apply(tape, x, inputNorm, epsilon)) {
            q = query.apply(tape, normed);
            k = key.apply(tape, normed);
            v = value.apply(tape, normed);
        }
        Variable attended = attend.apply(tape, q, k, v);
        q.close();
        k.close();
        v.close();
        Variable projected = output.apply(tape, attended);
        attended.close();
        Variable h = AddOperation.apply(tape, x, projected);
        projected.close();
        return h;
    }

    private Variable feedForward(Tape tape, Variable h) {
        Variable g;
        Variable u;
        try (Variable normed = RmsNormOperation.apply(tape, h, postAttentionNorm, epsilon)) {
            g = gate.apply(tape, normed);
            u = up.apply(tape, normed);
        }
        Variable activated = SwiGluOperation.apply(tape, g, u);
        g.close();
        u.close();
        Variable projected = down.apply(tape, activated);
        activated.close();
        Variable y = AddOperation.apply(tape, h, projected);
        projected.close();
        return y;
    }
}
