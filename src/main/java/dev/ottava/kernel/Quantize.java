package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/**
 * Quantisation to FP8 and back: {@code x ≈ code · scale}.
 *
 * <p>With amax the largest |x| of those that share a scale: {@code scale = max(amax / largest, 2^-126)}, rounded up to BF16 for {@link Scaling#GROUPS_16}; 1
 * where all are 0; NaN where any is NaN or infinite. The code is that of {@code x / scale}, rounded to nearest even, saturating. E4M3 has 448 as its largest
 * number, E5M2 57344.
 *
 * <p>Whichever copies of the codes a matrix has are written.
 */
public final class Quantize {
    private Quantize() {}

    /**
     * Quantises x: scales, and the copies of the codes that q has.
     *
     * @param x [rows, columns] of q; F32 or BF16
     */
    public static void quantize(QuantizedMatrix q, Tensor x) {
        quantize("quantize", q, x, true, false);
    }

    /** Makes the scales of x alone; the codes of q are not touched. */
    public static void scales(QuantizedMatrix q, Tensor x) {
        quantize("quantize", q, x, false, false);
    }

    /** Makes the codes of x with the scales that q has, as of a weight whose scales were made when it changed. */
    public static void quantizeWithScales(QuantizedMatrix q, Tensor x) {
        quantize("quantize", q, x, true, true);
    }

    private static void quantize(String operation, QuantizedMatrix q, Tensor x, boolean codes, boolean scalesGiven) {
        DType dtype = matrices(operation, q, x);
        Status.check(Native.ottava_quantize(
                x.device().stream(),
                q.dtype().code(),
                codes ? Check.address(q.codes()) : 0,
                pitch(q.codes()),
                codes ? Check.address(q.transposed()) : 0,
                pitch(q.transposed()),
                q.scaling().code(),
                q.scales().address(),
                Check.flag(scalesGiven),
                dtype.code(),
                x.address(),
                q.columns(),
                q.rows(),
                q.columns()));
    }

    /**
     * Writes the transposed codes of a matrix, which shares its scales.
     *
     * @param transposed whose transposed copy is written, and nothing else; its scales are not read
     * @param q has untransposed codes
     */
    public static void transpose(QuantizedMatrix transposed, QuantizedMatrix q) {
        String operation = "transpose_codes";
        Check.that(q.codes() != null && transposed.transposed() != null, operation, "codes or the transposed copy is absent");
        Check.that(
                q.rows() == transposed.rows() && q.columns() == transposed.columns() && q.dtype() == transposed.dtype(),
                operation,
                q.codes() + " and " + transposed.transposed() + " differ in shape or dtype");
        Check.device(operation, q.codes(), transposed.transposed());
        Status.check(Native.ottava_transpose_codes(
                q.codes().device().stream(),
                transposed.transposed().address(),
                pitch(transposed.transposed()),
                q.codes().address(),
                pitch(q.codes()),
                q.rows(),
                q.columns()));
    }

    /**
     * {@code y = code · scale}, rounded to the dtype of y.
     *
     * @param y [rows, columns], F32 or BF16
     * @param q has untransposed codes
     */
    public static void dequantize(Tensor y, QuantizedMatrix q) {
        Check.that(q.codes() != null, "dequantize", "q has only a transposed copy: make it with Layout.CODES or BOTH");
        DType dtype = matrices("dequantize", q, y);
        Status.check(Native.ottava_dequantize(
                y.device().stream(),
                dtype.code(),
                y.address(),
                q.columns(),
                q.dtype().code(),
                q.codes().address(),
                pitch(q.codes()),
                q.scaling().code(),
                q.scales().address(),
                q.rows(),
                q.columns()));
    }

    /**
     * {@link RmsNorm#forward} into FP8: the same bits as that, and {@link #quantize} of what it makes, in the dtype of x.
     *
     * @param y PER_TENSOR or BLOCKS_128
     * @param inverseRms [rows], F32
     * @param x [rows, columns], F32 or BF16
     * @param weight [columns], as x
     */
    public static void rmsNorm(QuantizedMatrix y, Tensor inverseRms, Tensor x, Tensor weight, double epsilon) {
        String operation = "rms_norm_quantize";
        refuseGroups(operation, y);
        DType dtype = matrices(operation, y, x);
        Check.floating(operation, x, weight);
        Check.shape(operation, "weight", weight, y.columns());
        Check.dtype(operation, "inverseRms", inverseRms, DType.F32);
        Check.count(operation, "inverseRms", inverseRms, y.rows());
        Check.device(operation, x, inverseRms);
        Status.check(Native.ottava_rms_norm_quantize(
                x.device().stream(),
                y.dtype().code(),
                Check.address(y.codes()),
                pitch(y.codes()),
                Check.address(y.transposed()),
                pitch(y.transposed()),
                y.scaling().code(),
                y.scales().address(),
                inverseRms.address(),
                dtype.code(),
                x.address(),
                weight.address(),
                y.rows(),
                y.columns(),
                epsilon));
    }

    /**
     * {@link SwiGlu#forward} into FP8: the same bits as that, and {@link #quantize} of what it makes, in the dtype of gate.
     *
     * @param y PER_TENSOR or BLOCKS_128
     * @param gate [rows, columns], F32 or BF16
     * @param up [rows, columns], as gate
     */
    public static void swiGlu(QuantizedMatrix y, Tensor gate, Tensor up) {
        String operation = "swiglu_quantize";
        refuseGroups(operation, y);
        DType dtype = matrices(operation, y, gate, up);
        Status.check(Native.ottava_swiglu_quantize(
                gate.device().stream(),
                y.dtype().code(),
                Check.address(y.codes()),
                pitch(y.codes()),
                Check.address(y.transposed()),
                pitch(y.transposed()),
                y.scaling().code(),
                y.scales().address(),
                dtype.code(),
                gate.address(),
                up.address(),
                y.rows(),
                y.columns()));
    }

    /**
     * {@link SwiGlu#backward} into FP8: the same bits as that, and {@link #quantize} of what it makes, in the dtype of dY.
     *
     * @param dGate PER_TENSOR or BLOCKS_128
     * @param dUp as dGate: shape, dtype, scaling, and which copies there are
     * @param dY [rows, columns], F32 or BF16; gate and up as dY
     */
    public static void swiGluBackward(QuantizedMatrix dGate, QuantizedMatrix dUp, Tensor dY, Tensor gate, Tensor up) {
        String operation = "swiglu_backward_quantize";
        refuseGroups(operation, dGate);
        Check.that(
                dGate.rows() == dUp.rows()
                        && dGate.columns() == dUp.columns()
                        && dGate.dtype() == dUp.dtype()
                        && dGate.scaling() == dUp.scaling()
                        && pitch(dGate.codes()) == pitch(dUp.codes())
                        && pitch(dGate.transposed()) == pitch(dUp.transposed()),
                operation,
                "dGate and dUp differ in shape, dtype, scaling or copies");
        DType dtype = matrices(operation, dGate, dY, gate, up);
        Check.device(operation, dY, dUp.scales());
        Status.check(Native.ottava_swiglu_backward_quantize(
                dY.device().stream(),
                dGate.dtype().code(),
                Check.address(dGate.codes()),
                Check.address(dGate.transposed()),
                dGate.scales().address(),
                Check.address(dUp.codes()),
                Check.address(dUp.transposed()),
                dUp.scales().address(),
                pitch(dGate.codes()),
                pitch(dGate.transposed()),
                dGate.scaling().code(),
                dtype.code(),
                dY.address(),
                gate.address(),
                up.address(),
                dGate.rows(),
                dGate.columns()));
    }

    /** The dtype of matrices of the shape, and on the device, of q. */
    private static DType matrices(String operation, QuantizedMatrix q, Tensor first, Tensor... others) {
        DType dtype = Check.floating(operation, first, others);
        Check.shape(operation, "a matrix", first, q.rows(), q.columns());
        for (Tensor other : others) {
            Check.shape(operation, "a matrix", other, q.rows(), q.columns());
        }
        Check.device(operation, first, q.scales());
        return dtype;
    }

    private static void refuseGroups(String operation, QuantizedMatrix q) {
        Check.that(
                q.scaling() != Scaling.GROUPS_16,
                operation,
                "GROUPS_16 is not made here: PER_TENSOR or BLOCKS_128, or quantize what the operation without FP8 makes");
    }

    /** Codes from one row to the next, 0 for an absent copy. */
    private static long pitch(Tensor codes) {
        return codes == null ? 0 : codes.size(1);
    }
}
