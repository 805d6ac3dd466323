package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import java.util.List;

/** Causal grouped-query attention within each sequence of a batch. */
public final class AttentionOperation {
    private AttentionOperation() {}

    /**
     * Attends.
     *
     * @param q [batch · length, heads · headDim], rotated
     * @param k [batch · length, kvHeads · headDim], rotated
     * @param v as k
     * @return as q
     */
    public static Variable apply(Tape tape, Variable q, Variable k, Variable v, long batch, long headDim) {
        tape.begin("attention");
        double scale = 1 / Math.sqrt((double) headDim);
        Tensor q4 = heads(q.value(), batch, headDim);
        Tensor k4 = heads(k.value(), batch, headDim);
        Tensor v4 = heads(v.value(), batch, headDim);
        Variable y = tape.empty(q.value().dtype(), q.value().shape());
        Tensor y4 = heads(y.value(), batch, headDim);
        SharedTensor logSumExp = tape.side(DType.F32, batch, q4.size(2), q4.size(1));
        Attention.forward(y4, logSumExp.tensor(), q4, k4, v4, k4.size(1), scale);
        Saving saving = tape.policy().attention();
        SharedSaved savedQ = tape.save(q, saving);
        SharedSaved savedK = tape.save(k, saving);
        SharedSaved savedV = tape.save(v, saving);
        SharedSaved savedY = tape.save(y, saving);
        List<Held> saved = List.of(savedQ, savedK, savedV, savedY, logSumExp);
        tape.record(y.gradient(), List.of(), saved, parameters -> {
            Tensor dQ = onlyUse(q);
            Tensor dK = onlyUse(k);
            Tensor dV = onlyUse(v);
            try (Tensor rQ = savedQ.saved().restore();
                    Tensor rK = savedK.saved().restore();
                    Tensor rV = savedV.saved().restore();
                    Tensor rY = savedY.saved().restore()) {
                Attention.backward(
                        heads(dQ, batch, headDim),
                        heads(dK, batch, headDim),
                        heads(dV, batch, headDim),
                        heads(y.gradient().tensor(), batch, headDim),
                        heads(rQ, batch, headDim),
                        heads(rK, batch, headDim),
                        heads(rV, batch, headDim),
                        heads(rY, batch, headDim),
                        logSumExp.tensor(),
                        scale);
            }
        });
        logSumExp.release();
        return y;
    }

    private static Tensor onlyUse(Variable variable) {
        GradientTarget target = variable.gradient().target();
        if (target.accumulate()) {
            throw new IllegalStateException("query, key and value of an attention are used by nothing else");
        }
        return target.tensor();
    }

    private static Tensor heads(Tensor x, long batch, long headDim) {
        return x.view(batch, x.size(0) / batch, x.size(1) / headDim, headDim);
    }
}
