package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.DeviceException;
import dev.ottava.core.Tensor;
import dev.ottava.cuda.AttentionPass;
import dev.ottava.cuda.AttentionShape;
import dev.ottava.cuda.CudaException;
import dev.ottava.cuda.Cudnn;

/** Attention by the cuDNN of a device, where it has one and that has an engine. Shapes and dtypes have been checked. For {@link Attention}, and to compare that with. */
public final class CudnnAttention {
    private CudnnAttention() {}

    /** As {@link Attention#forward}; false, with nothing done, where our own kernel has to. */
    public static boolean forward(
            Tensor out, Tensor logSumExp, Tensor q, Tensor k, Tensor v, long keyLength, double scale) {
        Cudnn library = library(q);
        if (library == null) {
            return false;
        }
        try {
            return library.forward(
                    shape(q, k, keyLength, scale),
                    out.address(),
                    Check.address(logSumExp),
                    q.address(),
                    k.address(),
                    v.address());
        } catch (CudaException e) {
            throw failure(q, e);
        }
    }

    /** As {@link Attention#backward}; false, with nothing done, where our own kernel has to. */
    public static boolean backward(
            AttentionPass pass,
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
        Cudnn library = library(q);
        if (library == null) {
            return false;
        }
        try {
            return library.backward(
                    shape(q, k, k.size(1), scale),
                    pass,
                    dQ.address(),
                    dK.address(),
                    dV.address(),
                    dOut.address(),
                    q.address(),
                    k.address(),
                    v.address(),
                    out.address(),
                    logSumExp.address());
        } catch (CudaException e) {
            throw failure(q, e);
        }
    }

    /** Why cuDNN does not do it, in one line; "" if it does. */
    public static String missing(AttentionPass pass, Tensor q, Tensor k, long keyLength, double scale) {
        if (q.dtype() != DType.BF16) {
            return "it is for BF16";
        }
        Cudnn library = library(q);
        if (library == null) {
            return "the device is without it: " + q.device().property("attention");
        }
        try {
            return library.missing(shape(q, k, keyLength, scale), pass);
        } catch (CudaException e) {
            throw failure(q, e);
        }
    }

    /** Why cuDNN does not train with queries and keys of those shapes, or does not make their gradients; "" if it does. */
    public static String missing(Tensor q, Tensor k, boolean gradients) {
        AttentionPass pass = gradients ? AttentionPass.BACKWARD : AttentionPass.TRAINING;
        return missing(pass, q, k, k.size(1), 1 / Math.sqrt((double) q.size(3)));
    }

    private static Cudnn library(Tensor q) {
        return q.dtype() == DType.BF16 ? q.device().cudnn() : null;
    }

    private static AttentionShape shape(Tensor q, Tensor k, long keyLength, double scale) {
        return new AttentionShape(
                q.size(0),
                q.size(2),
                k.size(2),
                q.size(3),
                q.size(1),
                keyLength,
                k.size(1) * k.size(2) * k.size(3),
                (float) scale);
    }

    private static DeviceException failure(Tensor q, CudaException e) {
        return new DeviceException(q.device() + ": " + e.getMessage()
                + "; OTTAVA_CUDNN=none in the environment makes Ottava's own kernel do it");
    }
}
