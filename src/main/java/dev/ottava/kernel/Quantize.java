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
    private static final String RMS_NORM = "rms_norm_quantize";
    private static final String SWIGLU = "swiglu_quantize";
    private static final String SWIGLU_BACKWARD = "swiglu_backward_quantize";

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
        Check.that(
                q.codes() != null && transposed.transposed() != null,
                operation,
                "codes or the transposed copy is absent");
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
     * {@code y = a + b}, and y quantised: the residual stream and its FP8 twin, in one pass.
     *
     * @param y [rows, columns], F32 or BF16; may be a or b
     * @param twin of what y holds, rounded as it is; GROUPS_16
     * @param a [rows, columns], as y; b too
     */
    public static void addAndQuantize(Tensor y, QuantizedMatrix twin, Tensor a, Tensor b) {
        String operation = "add_quantize";
        Check.that(
                twin.scaling() == Scaling.GROUPS_16,
                operation,
                "a twin in " + twin.scaling() + " is not made here: GROUPS_16, or add and quantise");
        DType dtype = matrices(operation, twin, y, a, b);
        Status.check(Native.ottava_add_quantize(
                y.device().stream(),
                twin.dtype().code(),
                twin.codes().address(),
                pitch(twin.codes()),
                twin.scales().address(),
                dtype.code(),
                y.address(),
                a.address(),
                b.address(),
                twin.rows(),
                twin.columns()));
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
        rmsNorm(y, inverseRms, Rows.of(RMS_NORM, x), weight, epsilon, false);
    }

    /**
     * From FP8 into FP8: the same bits as {@link #dequantize} to F32, the operation in F32 and {@link #quantize}; nothing is rounded between.
     *
     * @param x [rows, columns], E4M3 in GROUPS_16
     * @param weight [columns], F32 or BF16
     */
    public static void rmsNorm(QuantizedMatrix y, Tensor inverseRms, QuantizedMatrix x, Tensor weight, double epsilon) {
        rmsNorm(y, inverseRms, Rows.of(RMS_NORM, x), weight, epsilon, false);
    }

    /**
     * The codes of y once more, by the scales that it has and by inverseRms: those that {@link #rmsNorm} made of the same x, in whatever layout. So the
     * transposed codes that a weight's gradient takes need not be saved.
     */
    public static void rmsNormWithScales(QuantizedMatrix y, Tensor inverseRms, QuantizedMatrix x, Tensor weight) {
        rmsNorm(y, inverseRms, Rows.of(RMS_NORM, x), weight, 0, true);
    }

    /** The same of an x [rows, columns] of the dtype of the weight. */
    public static void rmsNormWithScales(QuantizedMatrix y, Tensor inverseRms, Tensor x, Tensor weight) {
        rmsNorm(y, inverseRms, Rows.of(RMS_NORM, x), weight, 0, true);
    }

    private static void rmsNorm(
            QuantizedMatrix y, Tensor inverseRms, Rows x, Tensor weight, double epsilon, boolean scalesGiven) {
        refuseGroups(RMS_NORM, y);
        DType dtype = Check.floating(RMS_NORM, weight);
        x.of(dtype).matching(y.rows(), y.columns(), y.scales(), weight, inverseRms);
        Check.shape(RMS_NORM, "weight", weight, y.columns());
        Check.dtype(RMS_NORM, "inverseRms", inverseRms, DType.F32);
        Check.count(RMS_NORM, "inverseRms", inverseRms, y.rows());
        Status.check(Native.ottava_rms_norm_quantize(
                weight.device().stream(),
                y.dtype().code(),
                Check.address(y.codes()),
                pitch(y.codes()),
                Check.address(y.transposed()),
                pitch(y.transposed()),
                y.scaling().code(),
                y.scales().address(),
                Check.flag(scalesGiven),
                inverseRms.address(),
                dtype.code(),
                x.values().address(),
                x.pitch(),
                Check.address(x.scales()),
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
        swiGlu(y, Rows.of(SWIGLU, gate), Rows.of(SWIGLU, up), false);
    }

    /**
     * From FP8 into FP8: the same bits as {@link #dequantize} to F32, the operation in F32 and {@link #quantize}; nothing is rounded between.
     *
     * @param gate [rows, columns], E4M3 in GROUPS_16
     * @param up [rows, columns], as gate
     */
    public static void swiGlu(QuantizedMatrix y, QuantizedMatrix gate, QuantizedMatrix up) {
        swiGlu(y, Rows.of(SWIGLU, gate), Rows.of(SWIGLU, up), false);
    }

    /** The codes of y once more, by the scales that it has: those that {@link #swiGlu} made of the same gate and up, in whatever layout. */
    public static void swiGluWithScales(QuantizedMatrix y, QuantizedMatrix gate, QuantizedMatrix up) {
        swiGlu(y, Rows.of(SWIGLU, gate), Rows.of(SWIGLU, up), true);
    }

    /** The same of tensors. */
    public static void swiGluWithScales(QuantizedMatrix y, Tensor gate, Tensor up) {
        swiGlu(y, Rows.of(SWIGLU, gate), Rows.of(SWIGLU, up), true);
    }

    private static void swiGlu(QuantizedMatrix y, Rows gate, Rows up, boolean scalesGiven) {
        refuseGroups(SWIGLU, y);
        pair(SWIGLU, gate, up, y);
        Status.check(Native.ottava_swiglu_quantize(
                y.scales().device().stream(),
                y.dtype().code(),
                Check.address(y.codes()),
                pitch(y.codes()),
                Check.address(y.transposed()),
                pitch(y.transposed()),
                y.scaling().code(),
                y.scales().address(),
                Check.flag(scalesGiven),
                (gate.scales() == null ? gate.values().dtype() : DType.F32).code(),
                gate.values().address(),
                up.values().address(),
                gate.pitch(),
                Check.address(gate.scales()),
                Check.address(up.scales()),
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
        swiGluBackward(dGate, dUp, dY, Rows.of(SWIGLU_BACKWARD, gate), Rows.of(SWIGLU_BACKWARD, up));
    }

    /**
     * From FP8 into FP8: the same bits as {@link #dequantize} to F32, the operation in F32 and {@link #quantize}; nothing is rounded between.
     *
     * @param dY [rows, columns], F32 or BF16
     * @param gate [rows, columns], E4M3 in GROUPS_16; up too
     */
    public static void swiGluBackward(
            QuantizedMatrix dGate, QuantizedMatrix dUp, Tensor dY, QuantizedMatrix gate, QuantizedMatrix up) {
        swiGluBackward(dGate, dUp, dY, Rows.of(SWIGLU_BACKWARD, gate), Rows.of(SWIGLU_BACKWARD, up));
    }

    private static void swiGluBackward(QuantizedMatrix dGate, QuantizedMatrix dUp, Tensor dY, Rows gate, Rows up) {
        refuseGroups(SWIGLU_BACKWARD, dGate);
        Check.that(
                dGate.rows() == dUp.rows()
                        && dGate.columns() == dUp.columns()
                        && dGate.dtype() == dUp.dtype()
                        && dGate.scaling() == dUp.scaling()
                        && pitch(dGate.codes()) == pitch(dUp.codes())
                        && pitch(dGate.transposed()) == pitch(dUp.transposed()),
                SWIGLU_BACKWARD,
                "dGate and dUp differ in shape, dtype, scaling or copies");
        DType dtype = matrices(SWIGLU_BACKWARD, dGate, dY);
        Check.device(SWIGLU_BACKWARD, dY, dUp.scales());
        pair(SWIGLU_BACKWARD, gate.of(dtype), up, dGate);
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
                gate.values().address(),
                up.values().address(),
                gate.pitch(),
                Check.address(gate.scales()),
                Check.address(up.scales()),
                dGate.rows(),
                dGate.columns()));
    }

    private static void pair(String operation, Rows gate, Rows up, QuantizedMatrix made) {
        gate.matching(made.rows(), made.columns(), made.scales(), up.values());
        up.matching(made.rows(), made.columns());
        Check.that(
                gate.values().dtype() == up.values().dtype() && gate.pitch() == up.pitch(),
                operation,
                "gate " + gate.values() + " and up " + up.values() + " differ in dtype or in the length of their rows");
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
