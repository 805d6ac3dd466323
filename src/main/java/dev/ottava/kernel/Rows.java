package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;

/**
 * A matrix that an operation reads: a tensor, or E4M3 codes in groups of 16.
 *
 * @param values the tensor or the codes
 * @param pitch from one row to the next, in elements
 * @param scales of the codes; null for a tensor
 */
record Rows(String operation, Tensor values, long rows, long columns, long pitch, Tensor scales) {
    /** A tensor, F32 or BF16. */
    static Rows of(String operation, Tensor x) {
        Check.floating(operation, x);
        Check.that(x.rank() == 2, operation, x + " is not a matrix");
        return new Rows(operation, x, x.size(0), x.size(1), x.size(1), null);
    }

    static Rows of(String operation, QuantizedMatrix x) {
        Check.that(
                x.scaling() == Scaling.GROUPS_16 && x.dtype() == DType.E4M3,
                operation,
                "codes of " + x.dtype() + " in " + x.scaling() + " are not read here: E4M3 in GROUPS_16, or a Tensor");
        return new Rows(operation, x.codes(), x.rows(), x.columns(), x.codes().size(1), x.scales());
    }

    /** Of the shape and on the device of the others. */
    Rows matching(long otherRows, long otherColumns, Tensor... others) {
        Check.that(
                rows == otherRows && columns == otherColumns,
                operation,
                "a matrix is [" + rows + ", " + columns + "], not [" + otherRows + ", " + otherColumns + "]");
        Check.device(operation, values, others);
        return this;
    }

    /** Of the dtype, unless they are codes. */
    Rows of(DType dtype) {
        Check.that(
                scales != null || values.dtype() == dtype,
                operation,
                values + " and another argument, of " + dtype + ", differ in dtype");
        return this;
    }
}
