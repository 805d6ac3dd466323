package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import dev.ottava.cuda.AttentionPass;

/**
 * Causal grouped-query attention in the flash style (Dao et al., 2022): the matrix of scores is never in memory.
 *
 * <p>A {@code cuda} device with cuDNN, as its property {@code attention} says, takes that for dense attention over BF16 where cuDNN has an engine for the shape, and with gradients only one that gives
 * the same bits each time; our own kernel does the rest, such as F32, masks, and fewer than 64 queries. Which of the two it is depends on the shape alone.
 */
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

    /** {@link #forward(Tensor, Tensor, Tensor, Tensor, Tensor, long, double)} by our own kernel, whatever library the device has: to compare it with one. */
    public static void forwardWithoutLibrary(
            Tensor out, Tensor logSumExp, Tensor q, Tensor k, Tensor v, long keyLength, double scale) {
        check(out, logSumExp, q, k, v, null, keyLength);
        launch(out, logSumExp, q, k, v, null, keyLength, scale);
    }

    /**
     * The same over the keys of the blocks that the mask has, as {@link Sale#select} makes it, by our own kernel; every block gives the same bits as no mask does there. A query
     * that sees no key of them has zeros in out and -infinity in logSumExp.
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
        check(out, logSumExp, q, k, v, blocks, keyLength);
        if (blocks != null || !CudnnAttention.forward(out, logSumExp, q, k, v, keyLength, scale)) {
            launch(out, logSumExp, q, k, v, blocks, keyLength, scale);
        }
    }

    private static void check(
            Tensor out, Tensor logSumExp, Tensor q, Tensor k, Tensor v, BlockMask blocks, long keyLength) {
        Check.floating("attention", q, k, v, out);
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
    }

    private static void launch(
            Tensor out,
            Tensor logSumExp,
            Tensor q,
            Tensor k,
            Tensor v,
            BlockMask blocks,
            long keyLength,
            double scale) {
        Status.check(Native.ottava_attention_forward(
                q.device().stream(),
                q.dtype().code(),
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
        checkBackward(dQ, dK, dV, dOut, q, k, v, out, logSumExp);
        if (!CudnnAttention.backward(AttentionPass.BACKWARD, dQ, dK, dV, dOut, q, k, v, out, logSumExp, scale)) {
            launchBackward(dQ, dK, dV, dOut, q, k, v, out, logSumExp, scale);
        }
    }

    /** {@link #backward} by our own kernel, whatever library the device has: to compare it with one. */
    public static void backwardWithoutLibrary(
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
        checkBackward(dQ, dK, dV, dOut, q, k, v, out, logSumExp);
        launchBackward(dQ, dK, dV, dOut, q, k, v, out, logSumExp, scale);
    }

    private static void checkBackward(
            Tensor dQ, Tensor dK, Tensor dV, Tensor dOut, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        Check.floating("attention_backward", q, k, v, out, dOut, dQ, dK, dV);
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
    }

    private static void launchBackward(
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
        Status.check(Native.ottava_attention_backward(
                q.device().stream(),
                q.dtype().code(),
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
