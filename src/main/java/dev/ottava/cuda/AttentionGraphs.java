package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_BFLOAT16;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_BOOLEAN;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_FLOAT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_INT32;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_ADD;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_BINARY_SELECT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_CMP_GE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_DIV;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_EXP;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_IDENTITY;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_LOG;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_MUL;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POINTWISE_SUB;
import static org.bytedeco.cuda.global.cudnn.CUDNN_REDUCE_TENSOR_ADD;
import static org.bytedeco.cuda.global.cudnn.CUDNN_REDUCE_TENSOR_MAX;

import dev.ottava.cuda.CudnnGraph.Tensor;
import dev.ottava.cuda.CudnnSession.NotSupported;

/**
 * Attention as the graphs for which cuDNN 9 has engines: not any that computes the same would do. (The single operation that cuDNN has for it takes no causal mask before 9.21.) The order of operations
 * and their types are those that NVIDIA's cudnn-frontend describes scaled-dot-product attention with.
 *
 * <p>Tensors are [batch, heads, length, headDim] to cuDNN, whatever their strides; ours lie as [batch, length, heads, headDim].
 */
final class AttentionGraphs {
    private final AttentionShape shape;
    private final CudnnGraph graph;

    private AttentionGraphs(AttentionShape shape, CudnnGraph graph) {
        this.shape = shape;
        this.graph = graph;
    }

    /** In memory: q, k, v, out, and if {@code logSumExp} that. Its stats are the row's maximum plus the natural logarithm of the sum, of scores with their scale: our log-sum-exp. */
    static void forward(AttentionShape shape, boolean logSumExp, CudnnGraph graph) throws NotSupported {
        new AttentionGraphs(shape, graph).forward(logSumExp);
    }

    /**
     * In memory: q, k, v, out, logSumExp, dOut, dQ, dK, dV, and of the workspace F32 [batch, heads, length] and, unless {@code ordered}, F32 [batch, heads, length, headDim].
     *
     * @param ordered write dQ by the product that makes it: engines for that keep the gradient of the scores in their workspace, where the others add to dQ in F32, in any order
     */
    static void backward(AttentionShape shape, boolean ordered, CudnnGraph graph) throws NotSupported {
        new AttentionGraphs(shape, graph).backward(ordered);
    }

    private void forward(boolean logSumExp) throws NotSupported {
        Tensor q = queries();
        Tensor keys = transposedKeys();
        Tensor v = keys();
        Tensor out = queries();
        Tensor stats = logSumExp ? graph.memory(CUDNN_DATA_FLOAT, rows(), rowStrides()) : null;
        Tensor scores = graph.multiply(q, keys, scores(CUDNN_DATA_FLOAT));
        scores = mask(scaled(scores, graph.number(shape.scale())));
        Tensor most = graph.reduce(CUDNN_REDUCE_TENSOR_MAX, scores, row());
        Tensor less = scores(CUDNN_POINTWISE_SUB, scores, most);
        Tensor exponentials = graph.map(CUDNN_POINTWISE_EXP, less, scores(CUDNN_DATA_FLOAT));
        Tensor sum = graph.reduce(CUDNN_REDUCE_TENSOR_ADD, exponentials, row());
        if (logSumExp) {
            Tensor logarithm = graph.map(CUDNN_POINTWISE_LOG, sum, row());
            graph.map(CUDNN_POINTWISE_ADD, CUDNN_DATA_FLOAT, most, logarithm, stats);
        }
        Tensor probabilities =
                graph.map(CUDNN_POINTWISE_DIV, CUDNN_DATA_FLOAT, exponentials, sum, scores(CUDNN_DATA_BFLOAT16));
        graph.multiply(probabilities, v, out);
    }

    private void backward(boolean ordered) throws NotSupported {
        Tensor q = queries();
        Tensor keys = transposedKeys();
        Tensor values = transposedKeys();
        Tensor out = queries();
        Tensor stats = graph.memory(CUDNN_DATA_FLOAT, rows(), rowStrides());
        Tensor dOut = queries();
        Tensor dQ = queries();
        Tensor dK = keys();
        Tensor dV = keys();
        Tensor sums = graph.memory(CUDNN_DATA_FLOAT, rows(), rowStrides());
        Tensor dQSum = ordered ? null : graph.memory(CUDNN_DATA_FLOAT, headRows(), headRowStrides());
        Tensor scale = graph.number(shape.scale());

        Tensor product = graph.map(
                CUDNN_POINTWISE_MUL,
                CUDNN_DATA_FLOAT,
                dOut,
                out,
                graph.between(CUDNN_DATA_FLOAT, headRows(), headRowStrides()));
        Tensor sum = graph.reduce(CUDNN_REDUCE_TENSOR_ADD, product, row());
        graph.map(CUDNN_POINTWISE_MUL, CUDNN_DATA_FLOAT, sum, graph.number(1), sums);

        Tensor scores = scaled(graph.multiply(q, keys, scores(CUDNN_DATA_FLOAT)), scale);
        scores = mask(scores(CUDNN_POINTWISE_SUB, scores, stats));
        Tensor probabilities = graph.map(CUDNN_POINTWISE_EXP, scores, scores(CUDNN_DATA_FLOAT));
        sumOfGroups(graph.transpose(probabilities, CUDNN_DATA_BFLOAT16), dOut, dV);

        Tensor dScores = graph.multiply(dOut, values, scores(CUDNN_DATA_FLOAT));
        dScores = scores(CUDNN_POINTWISE_SUB, dScores, sums);
        dScores = scaled(scores(CUDNN_POINTWISE_MUL, dScores, probabilities), scale);
        sumOfGroups(graph.transpose(dScores, CUDNN_DATA_BFLOAT16), q, dK);

        Tensor k = graph.transpose(keys, CUDNN_DATA_BFLOAT16);
        if (ordered) {
            graph.multiply(dScores, k, dQ);
        } else {
            graph.map(CUDNN_POINTWISE_IDENTITY, graph.multiply(dScores, k, dQSum), dQ);
        }
    }

    /** {@code d = a b}, summed over the query heads of a group. */
    private void sumOfGroups(Tensor a, Tensor b, Tensor d) throws NotSupported {
        if (shape.heads() == shape.kvHeads()) {
            graph.multiply(a, b, d);
            return;
        }
        long length = shape.keyLength();
        Tensor each = graph.between(
                CUDNN_DATA_BFLOAT16,
                new long[] {shape.batch(), shape.heads(), length, shape.headDim()},
                new long[] {shape.heads() * length * shape.headDim(), length * shape.headDim(), shape.headDim(), 1});
        graph.reduce(CUDNN_REDUCE_TENSOR_ADD, graph.multiply(a, b, each), d);
    }

    private Tensor scaled(Tensor scores, Tensor scale) throws NotSupported {
        return scores(CUDNN_POINTWISE_MUL, scores, scale);
    }

    /** -infinity where the key comes after the query: row (+ keyLength - queryLength) >= column. */
    private Tensor mask(Tensor scores) throws NotSupported {
        Tensor row = graph.index(2, scores, scores(CUDNN_DATA_INT32));
        Tensor column = graph.index(3, scores, scores(CUDNN_DATA_INT32));
        if (shape.queryLength() != shape.keyLength()) {
            Tensor keyLength = graph.number(CUDNN_DATA_INT32, (int) shape.keyLength());
            Tensor queryLength = graph.number(CUDNN_DATA_INT32, (int) shape.queryLength());
            row = graph.map(CUDNN_POINTWISE_ADD, CUDNN_DATA_INT32, row, keyLength, scores(CUDNN_DATA_INT32));
            row = graph.map(CUDNN_POINTWISE_SUB, CUDNN_DATA_INT32, row, queryLength, scores(CUDNN_DATA_INT32));
        }
        Tensor seen = graph.map(CUDNN_POINTWISE_CMP_GE, CUDNN_DATA_BOOLEAN, row, column, scores(CUDNN_DATA_BOOLEAN));
        Tensor none = graph.number(Float.NEGATIVE_INFINITY);
        return graph.select(CUDNN_POINTWISE_BINARY_SELECT, scores, none, seen, scores(CUDNN_DATA_FLOAT));
    }

    private Tensor scores(int mode, Tensor x, Tensor b) throws NotSupported {
        return graph.map(mode, CUDNN_DATA_FLOAT, x, b, scores(CUDNN_DATA_FLOAT));
    }

    private Tensor scores(int type) throws NotSupported {
        long queries = shape.queryLength();
        long keys = shape.keyLength();
        return graph.between(type, new long[] {shape.batch(), shape.heads(), queries, keys}, new long[] {
            shape.heads() * queries * keys, queries * keys, keys, 1
        });
    }

    private Tensor row() throws NotSupported {
        return graph.between(CUDNN_DATA_FLOAT, rows(), rowStrides());
    }

    private long[] rows() {
        return new long[] {shape.batch(), shape.heads(), shape.queryLength(), 1};
    }

    private long[] rowStrides() {
        return new long[] {shape.heads() * shape.queryLength(), shape.queryLength(), 1, 1};
    }

    private long[] headRows() {
        return new long[] {shape.batch(), shape.heads(), shape.queryLength(), shape.headDim()};
    }

    private long[] headRowStrides() {
        long head = shape.queryLength() * shape.headDim();
        return new long[] {shape.heads() * head, head, shape.headDim(), 1};
    }

    private Tensor queries() throws NotSupported {
        long row = shape.heads() * shape.headDim();
        return graph.memory(
                CUDNN_DATA_BFLOAT16, headRows(), new long[] {shape.queryLength() * row, shape.headDim(), row, 1});
    }

    private Tensor keys() throws NotSupported {
        long row = shape.kvHeads() * shape.headDim();
        return graph.memory(
                CUDNN_DATA_BFLOAT16,
                new long[] {shape.batch(), shape.kvHeads(), shape.keyLength(), shape.headDim()},
                new long[] {shape.keyBatchPitch(), shape.headDim(), row, 1});
    }

    private Tensor transposedKeys() throws NotSupported {
        long row = shape.kvHeads() * shape.headDim();
        return graph.memory(
                CUDNN_DATA_BFLOAT16,
                new long[] {shape.batch(), shape.kvHeads(), shape.headDim(), shape.keyLength()},
                new long[] {shape.keyBatchPitch(), shape.headDim(), 1, row});
    }
}
