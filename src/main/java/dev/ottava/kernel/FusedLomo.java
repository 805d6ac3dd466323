package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/**
 * LOMO as the epilogue of the product that makes the gradient of a linear weight, {@code dW = dYᵀ X}, so that the gradient is never in memory:
 *
 * <pre>W = round((1 - lr weightDecay) W - lr c clamp(dW))</pre>
 *
 * <p>with learning rate lr and coefficient c of the rule's control; where that says so, nothing is written but the sum of squares. The result has the bits of the
 * same product written in F32 and {@link LomoUpdate} of it; what the same product is on each device, and the rounding of FP8 weights, native/include/ottava/fused_lomo.h
 * says.
 */
public final class FusedLomo {
    private static final String GEMM = "gemm_lomo";
    private static final String FP8 = "gemm_fp8_lomo";

    private FusedLomo() {}

    /**
     * Changes a weight of F32 or BF16 from operands of F32 or BF16.
     *
     * @param weight [out, in], F32 or BF16
     * @param firstRow the weight is rows firstRow... of a larger matrix of the same width, whose elements have the random bits; 0 for a whole one
     * @param dY [tokens, out], F32 or BF16
     * @param x [tokens, in], as dY
     */
    public static void apply(LomoRule rule, Tensor weight, long firstRow, Tensor dY, Tensor x) {
        Check.device(GEMM, dY, weight);
        multiply(rule, LomoWeight.of(GEMM, weight, firstRow), dY, x);
    }

    /**
     * Changes an FP8 weight from operands of F32 or BF16.
     *
     * @param weight [out, in], E4M3 in BLOCKS_128, Layout.CODES; codes and scales are both rewritten
     * @param dY [tokens, out], F32 or BF16
     * @param x [tokens, in], as dY
     * @param powerOfTwoScales round the new scales up to powers of two
     */
    public static void apply(LomoRule rule, QuantizedMatrix weight, Tensor dY, Tensor x, boolean powerOfTwoScales) {
        Check.device(GEMM, dY, weight.scales());
        multiply(rule, LomoWeight.of(GEMM, weight, powerOfTwoScales), dY, x);
    }

    /**
     * Changes a weight of F32 or BF16 from operands of FP8.
     *
     * @param weight [out, in], F32 or BF16
     * @param dY [tokens, out], E5M2, with its transposed copy
     * @param x [tokens, in], E4M3, with its transposed copy
     */
    public static void apply(LomoRule rule, Tensor weight, QuantizedMatrix dY, QuantizedMatrix x) {
        Check.device(FP8, dY.scales(), weight);
        multiply(rule, LomoWeight.of(FP8, weight, 0), dY, x);
    }

    /**
     * Changes an FP8 weight from operands of FP8.
     *
     * @param weight [out, in], E4M3 in BLOCKS_128, Layout.CODES; codes and scales are both rewritten
     * @param dY [tokens, out], E5M2, with its transposed copy
     * @param x [tokens, in], E4M3, with its transposed copy
     * @param powerOfTwoScales round the new scales up to powers of two
     */
    public static void apply(
            LomoRule rule, QuantizedMatrix weight, QuantizedMatrix dY, QuantizedMatrix x, boolean powerOfTwoScales) {
        Check.device(FP8, dY.scales(), weight.scales());
        multiply(rule, LomoWeight.of(FP8, weight, powerOfTwoScales), dY, x);
    }

    /**
     * The sum of squares of {@code dYᵀ X} alone: the first pass of clipping by the global norm. Nothing else changes.
     *
     * @param sum [1], F32
     * @param dY [tokens, out], F32 or BF16
     * @param x [tokens, in], as dY
     */
    public static void sumSquares(Tensor sum, Tensor dY, Tensor x) {
        Check.shape(GEMM, "dY", dY, -1, -1);
        Check.shape(GEMM, "x", x, -1, -1);
        multiply(onlySum(sum), LomoWeight.none(dY.size(1), x.size(1)), dY, x);
    }

    /** Likewise, of dY [tokens, out] in E5M2 and x [tokens, in] in E4M3, with their transposed copies. */
    public static void sumSquares(Tensor sum, QuantizedMatrix dY, QuantizedMatrix x) {
        multiply(onlySum(sum), LomoWeight.none(dY.columns(), x.columns()), dY, x);
    }

    private static LomoRule onlySum(Tensor sum) {
        return new LomoRule(null, 0, 0, Rounding.NEAREST, sum);
    }

    private static void multiply(LomoRule rule, LomoWeight weight, Tensor dY, Tensor x) {
        DType dtype = Check.floating(GEMM, dY, x);
        Check.shape(GEMM, "dY", dY, -1, weight.rows());
        Check.shape(GEMM, "x", x, dY.size(0), weight.columns());
        Status.check(Native.ottava_gemm_lomo(
                stream(GEMM, rule, dY),
                control(rule),
                weight.dtype().code(),
                weight.address(),
                weight.pitch(),
                weight.scales(),
                Check.flag(weight.powerOfTwo()),
                weight.firstRow(),
                dtype.code(),
                dY.address(),
                dY.size(1),
                x.address(),
                x.size(1),
                weight.rows(),
                weight.columns(),
                dY.size(0),
                rule.weightDecay(),
                rule.maxValue(),
                Check.flag(rule.rounding().stochastic()),
                rule.rounding().seed(),
                rule.rounding().tensorIndex(),
                Check.address(rule.sumSquares())));
    }

    private static void multiply(LomoRule rule, LomoWeight weight, QuantizedMatrix dY, QuantizedMatrix x) {
        Check.that(
                dY.dtype() == DType.E5M2 && x.dtype() == DType.E4M3,
                FP8,
                "dY is " + dY.dtype() + " and x is " + x.dtype() + ": dY is E5M2 here and x is E4M3");
        Fp8Operand a = Fp8Operand.of("dY", dY, true);
        Fp8Operand b = Fp8Operand.of("x", x, true);
        Check.that(a.summed() == b.summed(), FP8, "dY has " + a.summed() + " tokens and x has " + b.summed());
        Check.that(
                a.rows() == weight.rows() && b.rows() == weight.columns(),
                FP8,
                "the weight is [" + weight.rows() + ", " + weight.columns() + "], not [" + a.rows() + ", " + b.rows()
                        + "]");
        Check.device(FP8, a.codes(), b.codes());
        Status.check(Native.ottava_gemm_fp8_lomo(
                stream(FP8, rule, a.codes()),
                control(rule),
                weight.dtype().code(),
                weight.address(),
                weight.pitch(),
                weight.scales(),
                Check.flag(weight.powerOfTwo()),
                weight.firstRow(),
                a.codes().address(),
                a.pitch(),
                a.scales().address(),
                a.scaleRowStride(),
                a.scaleKStride(),
                b.codes().address(),
                b.pitch(),
                b.scales().address(),
                b.scaleRowStride(),
                b.scaleKStride(),
                a.rows(),
                b.rows(),
                a.k(),
                rule.weightDecay(),
                rule.maxValue(),
                Check.flag(rule.rounding().stochastic()),
                rule.rounding().seed(),
                rule.rounding().tensorIndex(),
                Check.address(rule.sumSquares())));
    }

    private static long stream(String operation, LomoRule rule, Tensor operand) {
        Device device = operand.device();
        if (rule.sumSquares() != null) {
            Check.device(operation, operand, rule.sumSquares());
        }
        return device.stream();
    }

    private static long control(LomoRule rule) {
        return rule.control() == null ? 0 : rule.control().address();
    }
}
