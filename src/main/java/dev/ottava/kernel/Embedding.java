package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** Token embedding. */
public final class Embedding {
    private Embedding() {}

    /**
     * {@code out[t] = weight[ids[t]]}.
     *
     * @param out [tokens, hidden], F32 or BF16
     * @param weight [vocabulary, hidden], as out
     * @param ids [tokens], I32 in [0, vocabulary)
     */
    public static void forward(Tensor out, Tensor weight, Tensor ids) {
        DType dtype = Check.floating("embedding", weight, out);
        Check.that(weight.rank() == 2, "embedding", "weight is " + weight + ", not a matrix");
        Check.dtype("embedding", "ids", ids, DType.I32);
        Check.shape("embedding", "out", out, ids.count(), weight.size(1));
        Status.check(Native.ottava_embedding_forward(
                out.device().stream(),
                dtype.code(),
                out.address(),
                weight.address(),
                ids.address(),
                ids.count(),
                weight.size(0),
                weight.size(1)));
    }

    /**
     * {@code dWeight[ids[t]] += dOut[t]}.
     *
     * @param dWeight [vocabulary, hidden], F32
     * @param dOut [tokens, hidden], F32 or BF16
     * @param ids [tokens], I32
     */
    public static void backward(Tensor dWeight, Tensor dOut, Tensor ids) {
        DType dtype = Check.floating("embedding_backward", dOut);
        Check.that(dWeight.rank() == 2, "embedding_backward", "dWeight is " + dWeight + ", not a matrix");
        Check.dtype("embedding_backward", "dWeight", dWeight, DType.F32);
        Check.dtype("embedding_backward", "ids", ids, DType.I32);
        Check.shape("embedding_backward", "dOut", dOut, ids.count(), dWeight.size(1));
        Status.check(Native.ottava_embedding_backward(
                dOut.device().stream(),
                dWeight.address(),
                dtype.code(),
                dOut.address(),
                ids.address(),
                ids.count(),
                dWeight.size(0),
                dWeight.size(1)));
    }

    /**
     * LOMO of an embedding whose gradient, that of {@link #backward}, is never in memory. The weight has the bits of {@link LomoUpdate} with that gradient.
     *
     * @param weight [vocabulary, hidden], F32 or BF16
     * @param dOut [tokens, hidden], F32 or BF16
     * @param ids [tokens], I32
     */
    public static void lomo(LomoRule rule, Tensor weight, Tensor dOut, Tensor ids) {
        DType dtype = Check.floating("embedding_lomo", weight);
        Check.that(weight.rank() == 2, "embedding_lomo", "weight is " + weight + ", not a matrix");
        Check.device("embedding_lomo", weight, dOut);
        lomo(rule, dtype, weight.address(), weight.size(0), weight.size(1), dOut, ids);
    }

    /**
     * The sum of squares of the gradient alone: the first pass of clipping by the global norm.
     *
     * @param sum [1], F32
     * @param vocabulary rows of the weight
     * @param dOut [tokens, hidden], F32 or BF16
     * @param ids [tokens], I32
     */
    public static void sumSquares(Tensor sum, long vocabulary, Tensor dOut, Tensor ids) {
        lomo(new LomoRule(null, 0, 0, Rounding.NEAREST, sum), DType.F32, 0, vocabulary, dOut.size(-1), dOut, ids);
    }

    private static void lomo(
            LomoRule rule, DType weightDtype, long weight, long vocabulary, long hidden, Tensor dOut, Tensor ids) {
        DType dtype = Check.floating("embedding_lomo", dOut);
        Check.dtype("embedding_lomo", "ids", ids, DType.I32);
        Check.shape("embedding_lomo", "dOut", dOut, ids.count(), hidden);
        Status.check(Native.ottava_embedding_lomo(
                dOut.device().stream(),
                rule.control() == null ? 0 : rule.control().address(),
                weightDtype.code(),
                weight,
                dtype.code(),
                dOut.address(),
                ids.address(),
                ids.count(),
                vocabulary,
                hidden,
                rule.weightDecay(),
                rule.maxValue(),
                Check.flag(rule.rounding().stochastic()),
                rule.rounding().seed(),
                rule.rounding().tensorIndex(),
                Check.address(rule.sumSquares())));
    }
}
