package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** Causal grouped-query attention in the flash style (Dao et al., 2022): the matrix of scores is never in memory. */
public final class Attention {
    private Attention() {}

    /**
     * {@code out = softmax(scale q kᵀ) v}; query i sees keys up to i + keyLength - queryLength. One call serves training, prefill and decoding.
     *
     * @param out [batch, queryLength, heads, headDim], F32 or BF16
     * @param logSumExp [batch, heads, queryLength], F32, for the backward pass; may be null
     * @param q as out
     * @param k [batch, capacity, kvHeads, headDim]: a cache may be longer than the {@code keyLength} it holds
     * @param v as k
     */
    public static void forward(
            Tensor out, Tensor logSumExp, Tensor q, Tensor k, Tensor v, long keyLength, double scale) {
        forward(out, logSumExp, q, k, v, null, keyLength, scale);
    }

    /**
     * The same over the keys of the blocks that the mask has, as {@link Sale#select} makes it; every block gives the same bits as no mask. A query that sees
     * no key of them has zeros in out and -infinity in logSumExp.
     *
     * @param blocks of q's queries and {@code keyLength} keys; null stands for all
     */
    public static void forward(
            Tensor out,
            Tensor logSumExp,
            Tensor q,
            Tensor k,
            Tensor v,
            BlockMask blocks,
            long keyLength,
            double scale) {
        DType dtype = Check.floating("attention", q, k, v, out);
        checkHeads("attention", q, k);
        Check.shape("attention", "out", out, q.shape());
        Check.shape("attention", "v", v, k.shape());
        Check.that(
                q.size(1) <= keyLength && keyLength <= k.size(1),
                "attention",
                "key length " + keyLength + " for " + q.size(1) + " queries and a capacity of " + k.size(1));
        if (blocks != null) {
            Check.that(
                    blocks.queryLength() == q.size(1) && blocks.keyLength() == keyLength,
                    "attention",
                    "blocks of " + blocks.queryLength() + " queries and " + blocks.keyLength() + " keys for "
                            + q.size(1) + " and " + keyLength);
            Check.shape("attention", "blocks", blocks.bits(), q.size(0), q.size(2), -1, -1);
            Check.device("attention", q, blocks.bits());
        }
        if (logSumExp != null) {
            Check.dtype("attention", "logSumExp", logSumExp, DType.F32);
            Check.shape("attention", "logSumExp", logSumExp, q.size(0), q.size(2), q.size(1));
        }
        Status.check(Native.ottava_attention_forward(
                q.device().stream(),
                dtype.code(),
                out.address(),
                Check.address(logSumExp),
                q.address(),
                k.address(),
                v.address(),
                blocks == null ? 0 : blocks.bits().address(),
                q.size(0),
                q.size(2),
                k.size(2),
                q.size(3),
                q.size(1),
                keyLength,
                k.size(1) * k.size(2) * k.size(3),
                scale));
    }

    /** The gradients of q, k and v, which are overwritten; queries and keys have one length. Shapes as in {@link #forward}. */
    public static void backward(
            Tensor dQ,
            Tensor dK,
            Tensor dV,
            Tensor dOut,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor out,
            Tensor logSumExp,
            double scale) {
        DType dtype = Check.floating("attention_backward", q, k, v, out, dOut, dQ, dK, dV);
        checkHeads("attention_backward", q, k);
        Check.that(q.size(1) == k.size(1), "attention_backward", "q " + q + " and k " + k + " differ in length");
        Check.shape("attention_backward", "v", v, k.shape());
        Check.shape("attention_backward", "out", out, q.shape());
        Check.shape("attention_backward", "dOut", dOut, q.shape());
        Check.shape("attention_backward", "dQ", dQ, q.shape());
        Check.shape("attention_backward", "dK", dK, k.shape());
        Check.shape("attention_backward", "dV", dV, k.shape());
        Check.dtype("attention_backward", "logSumExp", logSumExp, DType.F32);
        Check.shape("attention_backward", "logSumExp", logSumExp, q.size(0), q.size(2), q.size(1));
        Status.check(Native.ottava_attention_backward(
                q.device().stream(),
                dtype.code(),
                dQ.address(),
                dK.address(),
                dV.address(),
                dOut.address(),
                q.address(),
                k.address(),
                v.address(),
                out.address(),
                logSumExp.address(),
                q.size(0),
                q.size(2),
                k.size(2),
                q.size(3),
                q.size(1),
                scale));
    }

    private static void checkHeads(String operation, Tensor q, Tensor k) {
        Check.that(q.rank() == 4, operation, "q is " + q + ", not [batch, length, heads, head_dim]");
        Check.shape(operation, "k", k, q.size(0), -1, -1, q.size(3));
        Check.that(
                q.size(3) > 0 && q.size(3) % 16 == 0 && q.size(3) <= 128,
                operation,
                "head_dim " + q.size(3) + " is not a multiple of 16 up to 128");
        Check.that(
                k.size(2) > 0 && q.size(2) % k.size(2) == 0,
                operation,
                q.size(2) + " query heads are no multiple of " + k.size(2) + " key/value heads");
    }
}
