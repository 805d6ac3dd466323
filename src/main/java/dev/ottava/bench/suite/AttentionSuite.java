package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Case.Work;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.cuda.AttentionPass;
import dev.ottava.cuda.Cudnn;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.CudnnAttention;
import java.util.ArrayList;
import java.util.List;

/**
 * Causal attention by our own kernels, over BF16 beside cuDNN where the machine has it: forward, and gradients beside the fastest that it has, which may differ from run to run, and beside those that do
 * not. Work: s (s + 1) / 2 pairs of query and key a head. Forward: two products, 4 head_dim operations a pair; q, k, v in, output and log-sum-exp
 * out. Backward: five products, 10 head_dim operations a pair; q, k, v, output, its gradient and log-sum-exp in, three gradients out. Decoding: one
 * query against a cache, whose reading is what it takes, beside a copy of as many bytes.
 */
final class AttentionSuite implements Suite {
    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (DType dtype : scale.dtypes()) {
            cases.add(forward(scale, dtype));
            cases.add(backward(scale, dtype, "attention backward", AttentionPass.UNORDERED_BACKWARD));
            if (scale.large() && dtype == DType.BF16) {
                cases.add(backward(scale, dtype, "attention backward in order", AttentionPass.BACKWARD));
            }
            cases.add(decode(scale, dtype));
        }
        return cases;
    }

    private static long[] queries(Scale scale) {
        return new long[] {scale.batch(), scale.sequence(), scale.heads(), scale.headDim()};
    }

    private static long[] keys(Scale scale) {
        return new long[] {scale.batch(), scale.sequence(), scale.kvHeads(), scale.headDim()};
    }

    private static double tokens(Scale scale) {
        return (double) scale.batch() * scale.sequence();
    }

    private static double pairs(Scale scale) {
        return tokens(scale) * (scale.sequence() + 1) / 2 * scale.heads();
    }

    private static String shape(Scale scale) {
        return scale.batch() + " x " + scale.sequence() + ", " + scale.heads() + " / " + scale.kvHeads() + " heads of "
                + scale.headDim();
    }

    private static double scaleOfScores(Scale scale) {
        return 1 / Math.sqrt(scale.headDim());
    }

    private static Case forward(Scale scale, DType dtype) {
        double bytes = tokens(scale)
                * (2.0 * dtype.bytes() * scale.headDim() * (scale.heads() + scale.kvHeads()) + 4.0 * scale.heads());
        Work work = new Work(bytes, 4 * pairs(scale) * scale.headDim());
        return Case.cold("attention forward", shape(scale), dtype, work, tensors -> {
            Tensor q = tensors.random(dtype, queries(scale));
            Tensor k = tensors.random(dtype, keys(scale));
            Tensor v = tensors.random(dtype, keys(scale));
            Tensor out = tensors.empty(dtype, queries(scale));
            Tensor logSumExp = tensors.empty(DType.F32, scale.batch(), scale.heads(), scale.sequence());
            return besideCudnn(
                    scale,
                    AttentionPass.TRAINING,
                    q,
                    k,
                    () -> Attention.forwardWithoutLibrary(
                            out, logSumExp, q, k, v, scale.sequence(), scaleOfScores(scale)),
                    () -> CudnnAttention.forward(out, logSumExp, q, k, v, scale.sequence(), scaleOfScores(scale)));
        });
    }

    /** Alone where cuDNN is not there, or has no such engine. */
    private static Variants besideCudnn(
            Scale scale, AttentionPass pass, Tensor q, Tensor k, Runnable ours, Runnable theirs) {
        return q.device().cudnn() == null
                        || !CudnnAttention.missing(pass, q, k, scale.sequence(), scaleOfScores(scale))
                                .isEmpty()
                ? Variants.alone(ours)
                : new Variants(
                        ours,
                        Cudnn.version() + (pass == AttentionPass.UNORDERED_BACKWARD ? ", in any order" : ""),
                        theirs);
    }

    private static Case backward(Scale scale, DType dtype, String name, AttentionPass pass) {
        double bytes = tokens(scale)
                * (4.0 * dtype.bytes() * scale.headDim() * (scale.heads() + scale.kvHeads()) + 4.0 * scale.heads());
        Work work = new Work(bytes, 10 * pairs(scale) * scale.headDim());
        return Case.cold(name, shape(scale), dtype, work, tensors -> {
            Tensor q = tensors.random(dtype, queries(scale));
            Tensor k = tensors.random(dtype, keys(scale));
            Tensor v = tensors.random(dtype, keys(scale));
            Tensor dOut = tensors.random(dtype, queries(scale));
            Tensor out = tensors.empty(dtype, queries(scale));
            Tensor logSumExp = tensors.empty(DType.F32, scale.batch(), scale.heads(), scale.sequence());
            Attention.forward(out, logSumExp, q, k, v, scale.sequence(), scaleOfScores(scale));
            Tensor dQ = tensors.empty(dtype, queries(scale));
            Tensor dK = tensors.empty(dtype, keys(scale));
            Tensor dV = tensors.empty(dtype, keys(scale));
            return besideCudnn(
                    scale,
                    pass,
                    q,
                    k,
                    () -> Attention.backwardWithoutLibrary(
                            dQ, dK, dV, dOut, q, k, v, out, logSumExp, scaleOfScores(scale)),
                    () -> CudnnAttention.backward(
                            pass, dQ, dK, dV, dOut, q, k, v, out, logSumExp, scaleOfScores(scale)));
        });
    }

    private static Case decode(Scale scale, DType dtype) {
        long batch = 8L * scale.batch();
        long[] cache = {batch, scale.sequence(), scale.kvHeads(), scale.headDim()};
        long[] query = {batch, 1, scale.heads(), scale.headDim()};
        double keys = (double) batch * scale.sequence();
        Work work = new Work(
                2.0 * dtype.bytes() * scale.headDim() * (keys * scale.kvHeads() + batch * scale.heads()),
                4 * keys * scale.heads() * scale.headDim());
        String shape = batch + " x 1 of " + scale.sequence() + ", " + scale.heads() + " / " + scale.kvHeads()
                + " heads of " + scale.headDim();
        return Case.cold("attention decode", shape, dtype, work, tensors -> {
            Tensor q = tensors.random(dtype, query);
            Tensor k = tensors.random(dtype, cache);
            Tensor v = tensors.random(dtype, cache);
            Tensor out = tensors.empty(dtype, query);
            return tensors.besideCopy(
                    work.bytes(), () -> Attention.forward(out, null, q, k, v, scale.sequence(), scaleOfScores(scale)));
        });
    }
}
