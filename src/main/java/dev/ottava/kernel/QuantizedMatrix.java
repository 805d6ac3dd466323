package dev.ottava.kernel;

import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;

/**
 * A matrix [rows, columns] of FP8 codes and scales, {@code x ≈ code · scale}, in one or both of two layouts: products of FP8 sum along rows only, so what is
 * used in two of a linear layer's three products is needed transposed as well.
 *
 * @param rows of the matrix
 * @param columns of the matrix
 * @param codes [rows, pitch], E4M3 or E5M2; null if absent. A row is filled up with zeros to a multiple of 16; the pitch is that or a larger multiple of 16
 * @param transposed [columns, pitch], likewise, of the same dtype; null if absent, as it is for {@link Scaling#GROUPS_16}
 * @param scaling which elements share a scale
 * @param scales of the untransposed matrix, as {@link Scaling} says
 */
public record QuantizedMatrix(long rows, long columns, Tensor codes, Tensor transposed, Scaling scaling, Tensor scales)
        implements AutoCloseable {
    private static final String NAME = "quantized_matrix";

    /** Checks the tensors. */
    public QuantizedMatrix {
        Check.that(codes != null || transposed != null, NAME, "neither copy of the codes is there");
        Check.that(
                scaling != Scaling.GROUPS_16 || transposed == null,
                NAME,
                "groups of 16 in a row have no transposed copy: leave it out, or take another scaling");
        checkCodes("codes", codes, rows, columns, scales);
        checkCodes("transposed", transposed, columns, rows, scales);
        Check.that(
                codes == null || transposed == null || codes.dtype() == transposed.dtype(),
                NAME,
                "codes " + codes + " and transposed " + transposed + " differ in dtype");
        Check.dtype(NAME, "scales", scales, scaling == Scaling.GROUPS_16 ? DType.BF16 : DType.F32);
        Check.shape(NAME, "scales", scales, scaling.shape(rows, columns));
    }

    private static void checkCodes(String name, Tensor codes, long rows, long columns, Tensor scales) {
        if (codes == null) {
            return;
        }
        requireFloat8(codes.dtype());
        Check.shape(NAME, name, codes, rows, -1);
        Check.that(
                codes.size(1) >= filledUp(columns) && codes.size(1) % 16 == 0,
                NAME,
                name + " is " + codes + ": rows of " + columns + " codes are " + filledUp(columns)
                        + " long, or a larger multiple of 16");
        Check.that(
                codes.address() % 16 == 0,
                NAME,
                name + " " + codes + " begins at an address that is not a multiple of 16");
        Check.device(NAME, codes, scales);
    }

    private static void requireFloat8(DType dtype) {
        Check.that(dtype == DType.E4M3 || dtype == DType.E5M2, NAME, "codes of " + dtype + ": E4M3 or E5M2");
    }

    /** Which copies of the codes there are. */
    public enum Layout {
        CODES,
        TRANSPOSED,
        BOTH
    }

    /** A matrix whose codes and scales are not initialised. */
    public static QuantizedMatrix empty(
            Arena arena, DType dtype, Scaling scaling, Layout layout, long rows, long columns) {
        requireFloat8(dtype); // before there is memory to free
        Check.that(
                scaling != Scaling.GROUPS_16 || layout == Layout.CODES,
                NAME,
                "groups of 16 in a row have no transposed copy: take Layout.CODES");
        return new QuantizedMatrix(
                rows,
                columns,
                layout == Layout.TRANSPOSED ? null : arena.empty(dtype, rows, filledUp(columns)),
                layout == Layout.CODES ? null : arena.empty(dtype, columns, filledUp(rows)),
                scaling,
                arena.empty(scaling == Scaling.GROUPS_16 ? DType.BF16 : DType.F32, scaling.shape(rows, columns)));
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
