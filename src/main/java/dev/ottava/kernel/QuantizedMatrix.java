package dev.ottava.kernel;

import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;

/**
 * A matrix [rows, columns] of FP8 codes and scales, {@code x ≈ code · scale}, in one or both of two layouts: products of FP8 sum along rows only, so what is
 * used in two of a linear layer's three products is needed transposed as well.
 *
 * @param rows of the matrix
 * @param columns of the matrix
 * @param codes [rows, columns filled up with zeros to a multiple of 16], E4M3 or E5M2; null if absent
 * @param transposed [columns, rows filled up with zeros to a multiple of 16], of the same dtype; null if absent
 * @param scaling which elements share a scale
 * @param scales of the untransposed matrix, as {@link Scaling} says
 */
public record QuantizedMatrix(
        long rows, long columns, Tensor codes, Tensor transposed, Scaling scaling, Tensor scales)
        implements AutoCloseable {
    /** Which copies of the codes there are. */
    public enum Layout {
        CODES,
        TRANSPOSED,
        BOTH
    }

    /** A matrix whose codes and scales are not initialised. */
    public static QuantizedMatrix empty(
            Arena arena, DType dtype, Scaling scaling, Layout layout, long rows, long columns) {
        check(dtype, scaling, layout);
        DType ofScales = scaling == Scaling.GROUPS_16 ? DType.BF16 : DType.F32;
        Tensor scales = arena.empty(ofScales, scaling.scalesShape(rows, columns));
        return withScales(arena, dtype, scaling, scales, layout, rows, columns);
    }

    /** A matrix whose codes are not initialised, of scales that exist and belong to somebody else: the caller closes the codes only. */
    public static QuantizedMatrix withScales(
            Arena arena, DType dtype, Scaling scaling, Tensor scales, Layout layout, long rows, long columns) {
        check(dtype, scaling, layout);
        return new QuantizedMatrix(
                rows,
                columns,
                layout == Layout.TRANSPOSED ? null : arena.empty(dtype, rows, filledUp(columns)),
                layout == Layout.CODES ? null : arena.empty(dtype, columns, filledUp(rows)),
                scaling,
                scales);
    }

    private static void check(DType dtype, Scaling scaling, Layout layout) {
        if (dtype != DType.E4M3 && dtype != DType.E5M2) {
            throw new InvalidArgumentException("a quantised matrix of " + dtype + ": E4M3 or E5M2");
        }
        if (scaling == Scaling.GROUPS_16 && layout != Layout.CODES) {
            throw new InvalidArgumentException("groups of 16 in a row have no transposed copy");
        }
    }

    /** The length of a row of codes: a multiple of 16. */
    static long filledUp(long columns) {
        return (columns + 15) / 16 * 16;
    }

    /** E4M3 or E5M2. */
    public DType dtype() {
        return (codes != null ? codes : transposed).dtype();
    }

    @Override
    public void close() {
        if (codes != null) {
            codes.close();
        }
        if (transposed != null) {
            transposed.close();
        }
        scales.close();
    }
}
