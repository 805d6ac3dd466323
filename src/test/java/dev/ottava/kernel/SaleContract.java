package dev.ottava.kernel;

import dev.ottava.Gpu;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.SaleOracle;
import java.nio.ByteBuffer;
import java.util.stream.Stream;

/** What the contract tests of the estimate of attention share: the chain of its operations, on the cpu device and both kinds of kernels. */
abstract class SaleContract extends Contract {
    static Stream<String> devices() {
        return Stream.concat(Gpu.devices().stream(), Stream.of("simt:sm_80")).distinct();
    }

    static int[] ints(Output output) {
        int[] values = new int[output.bytes().limit() / 4];
        output.bytes().asIntBuffer().get(values);
        return values;
    }

    /** Channels, of codes as they lie in memory. */
    static byte[][] unpack(ByteBuffer bytes, int headDim) {
        byte[][] rows = new byte[bytes.limit() * 2 / headDim][headDim];
        for (int row = 0; row < rows.length; row++) {
            for (int d = 0; d < headDim; d++) {
                int code = bytes.get(row * headDim / 2 + d / 2) >> (d % 2 * 4);
                rows[row][d] = (byte) (code << 28 >> 28);
            }
        }
        return rows;
    }

    /** Tensors of a shape, for one run. */
    record Chain(Workbench bench, SaleOracle shape, DType dtype) {
        Sale.Selection selection() {
            return new Sale.Selection(shape.localKeys(), shape.rowStep());
        }

        Tensor queries(float[] q) {
            return bench.of(dtype, q, shape.batch(), shape.queryLength(), shape.heads(), shape.headDim());
        }

        Tensor keys(float[] k) {
            return bench.of(dtype, k, shape.batch(), shape.capacity(), shape.kvHeads(), shape.headDim());
        }

        Tensor mean(long heads) {
            return bench.empty(DType.F32, shape.batch(), heads, shape.headDim());
        }

        FourBitRows rows(FourBitRows.Kind kind) {
            boolean keys = kind == FourBitRows.Kind.KEYS;
            long heads = keys ? shape.kvHeads() : shape.heads();
            long capacity = keys ? shape.capacity() : shape.queryLength();
            return new FourBitRows(
                    kind,
                    bench.empty(DType.I32, shape.batch(), heads, capacity, shape.headDim() / 8),
                    bench.empty(DType.F32, shape.batch(), heads, kind.scales(capacity)));
        }

        Tensor correction() {
            return bench.empty(DType.F32, shape.batch(), shape.heads(), shape.keyBlocks() * 64L);
        }

        Tensor thresholds() {
            return bench.empty(DType.F32, shape.batch(), shape.heads(), shape.rows());
        }

        BlockMask mask() {
            long words = (shape.keyBlocks() + 31) / 32;
            Tensor bits = bench.empty(DType.I32, shape.batch(), shape.heads(), shape.queryBlocks(), words);
            return new BlockMask(bits, shape.queryLength(), shape.keyLength());
        }

        /** The mask of queries and keys, by all operations. The mean of keys is that of their first half, as of a first chunk. */
        Selected select(Tensor q, Tensor k, float... tau) {
            Tensor keyMean = mean(shape.kvHeads());
            Tensor queryMean = mean(shape.heads());
            Sale.mean(keyMean, k, (shape.keyLength() + 1) / 2);
            Sale.mean(queryMean, q, shape.queryLength());
            FourBitRows queries = rows(FourBitRows.Kind.QUERIES);
            FourBitRows keys = rows(FourBitRows.Kind.KEYS);
            Sale.quantize(queries, q, queryMean, 0, shape.queryLength());
            Sale.quantize(keys, k, keyMean, 0, shape.keyLength());
            Tensor correction = correction();
            Sale.correction(correction, k, keyMean, queryMean, shape.keyLength());
            Tensor thresholds = thresholds();
            Tensor taus = bench.of(DType.F32, tau, shape.heads());
            Sale.thresholds(thresholds, q, k, keyMean, taus, shape.keyLength(), selection(), shape.scale());
            BlockMask mask = mask();
            Sale.select(mask, thresholds, queries, keys, correction, selection());
            return new Selected(mask, keyMean, queryMean);
        }
    }

    record Selected(BlockMask mask, Tensor keyMean, Tensor queryMean) {}
}
