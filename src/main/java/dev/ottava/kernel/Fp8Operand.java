package dev.ottava.kernel;

import dev.ottava.core.Tensor;

/**
 * A quantised matrix as an operand of a product, summed along the rows of the copy that it takes.
 *
 * @param rows of the operand: m or n
 * @param summed the other dimension: k, as the matrix has it
 * @param codes [rows, pitch]
 */
record Fp8Operand(
        String name, long rows, long summed, Tensor codes, Tensor scales, long scaleRowStride, long scaleKStride) {
    private static final String GEMM = "gemm of FP8";

    static Fp8Operand of(String name, QuantizedMatrix matrix, boolean transposed) {
        long rows = transposed ? matrix.columns() : matrix.rows();
        long summed = transposed ? matrix.rows() : matrix.columns();
        Tensor codes = transposed ? matrix.transposed() : matrix.codes();
        Check.that(
                codes != null,
                GEMM,
                name + (transposed ? ".transposed" : ".codes") + " is absent: quantise the matrix with Layout."
                        + (transposed ? "TRANSPOSED or BOTH, since products sum along rows" : "CODES or BOTH"));
        Check.that(
                matrix.scaling() != Scaling.GROUPS_16,
                GEMM,
                name + " is scaled in groups of 16, which is for storage: PER_TENSOR or BLOCKS_128");
        boolean blocks = matrix.scaling() == Scaling.BLOCKS_128;
        long rowOfBlocks = blocks ? matrix.scales().size(1) : 0;
        long next = blocks ? 1 : 0;
        return new Fp8Operand(
                name,
                rows,
                summed,
                codes,
                matrix.scales(),
                transposed ? next : rowOfBlocks,
                transposed ? rowOfBlocks : next);
    }

    /** The summed dimension, filled up with zeros. */
    long k() {
        return QuantizedMatrix.filledUp(summed);
    }

    long pitch() {
        return codes.size(1);
    }
}
