package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/**
 * Products of FP8 operands, {@code D[M, N] = A[M, K] · B[N, K]ᵀ} of {@link QuantizedMatrix quantised matrices} by their scales: with K-blocks of 128,
 *
 * <pre>D[i, j] = Σ_blocks aScale[i / 128, block] · bScale[j / 128, block] · Σ_(k in block) A[i, k] · B[j, k]  (+ bias[j]) (+ addend[i, j])</pre>
 *
 * <p>Either operand is E4M3 or E5M2, not both E5M2, scaled per tensor or in 128×128 blocks, in any mix. The hardware sums along rows only, so a transposed
 * operand is one whose transposed copy is there.
 */
public final class Fp8Gemm {
    private static final String GEMM = "gemm of FP8";

    private Fp8Gemm() {}

    /** {@code y = x Wᵀ + bias}, fast. x [rows, in], weight [out, in], y [rows, out] of F32 or BF16; bias [out] or null. */
    public static void forward(Tensor y, QuantizedMatrix x, QuantizedMatrix weight, Tensor bias) {
        multiply(y, x, false, weight, false, Fp8Epilogue.bias(bias), Accumulation.FAST);
    }

    /** The same into FP8: y [rows, out] of E4M3 or E5M2, untransposed, in GROUPS_16 or BLOCKS_128; quantised from the F32 sums. */
    public static void forward(QuantizedMatrix y, QuantizedMatrix x, QuantizedMatrix weight, Tensor bias) {
        multiply(y, x, false, weight, false, bias, Accumulation.FAST);
    }

    /** {@code dX = dY W}, exact. dY [rows, out], weight [out, in] with its transposed copy, dX [rows, in] of F32 or BF16. */
    public static void inputGradient(Tensor dX, QuantizedMatrix dY, QuantizedMatrix weight, boolean accumulate) {
        multiply(dX, dY, false, weight, true, Fp8Epilogue.addend(accumulate ? dX : null), Accumulation.EXACT);
    }

    /** {@code dW = dYᵀ X}, exact. dY [rows, out] and x [rows, in] with their transposed copies, dW [out, in] of F32 or BF16. */
    public static void weightGradient(Tensor dW, QuantizedMatrix dY, QuantizedMatrix x, boolean accumulate) {
        multiply(dW, dY, true, x, true, Fp8Epilogue.addend(accumulate ? dW : null), Accumulation.EXACT);
    }

    /**
     * The general product.
     *
     * @param d [m, n] of F32 or BF16; overlaps neither operand
     * @param a [m, k], or [k, m] if {@code aTransposed}, which takes its transposed copy
     * @param b [n, k], or [k, n] if {@code bTransposed}, likewise
     */
    public static void multiply(
            Tensor d,
            QuantizedMatrix a,
            boolean aTransposed,
            QuantizedMatrix b,
            boolean bTransposed,
            Fp8Epilogue epilogue,
            Accumulation accumulation) {
        Fp8Operand left = Fp8Operand.of("a", a, aTransposed);
        Fp8Operand right = Fp8Operand.of("b", b, bTransposed);
        check(left, right, epilogue.bias());
        Check.that(d.dtype() == DType.F32 || d.dtype() == DType.BF16, GEMM, "d is " + d + ", neither F32 nor BF16");
        Check.shape(GEMM, "d", d, left.rows(), right.rows());
        Check.device(GEMM, left.codes(), d);
        if (epilogue.addend() != null) {
            Check.dtype(GEMM, "addend", epilogue.addend(), d.dtype());
            Check.shape(GEMM, "addend", epilogue.addend(), left.rows(), right.rows());
            Check.device(GEMM, left.codes(), epilogue.addend());
        }
        if (epilogue.amax() != null) {
            Check.dtype(GEMM, "amax", epilogue.amax(), DType.F32);
            Check.count(GEMM, "amax", epilogue.amax(), 1);
            Check.device(GEMM, left.codes(), epilogue.amax());
        }
        Status.check(Native.ottava_gemm_fp8(
                d.device().stream(),
                d.dtype().code(),
                d.address(),
                d.size(1),
                Check.address(epilogue.amax()),
                left.codes().dtype().code(),
                left.codes().address(),
                left.pitch(),
                left.scales().address(),
                left.scaleRowStride(),
                left.scaleKStride(),
                right.codes().dtype().code(),
                right.codes().address(),
                right.pitch(),
                right.scales().address(),
                right.scaleRowStride(),
                right.scaleKStride(),
                code(epilogue.bias()),
                Check.address(epilogue.bias()),
                Check.address(epilogue.addend()),
                right.rows(),
                left.rows(),
                right.rows(),
                left.k(),
                Check.flag(accumulation == Accumulation.EXACT)));
    }

    /**
     * The product, quantised where it is made, from the F32 sums.
     *
     * @param d [m, n] of E4M3 or E5M2, untransposed, in 128×128 blocks or groups of 16
     * @param bias [n], F32 or BF16; null for none
     */
    public static void multiply(
            QuantizedMatrix d,
            QuantizedMatrix a,
            boolean aTransposed,
            QuantizedMatrix b,
            boolean bTransposed,
            Tensor bias,
            Accumulation accumulation) {
        Fp8Operand left = Fp8Operand.of("a", a, aTransposed);
        Fp8Operand right = Fp8Operand.of("b", b, bTransposed);
        check(left, right, bias);
        Check.that(
                d.codes() != null && d.transposed() == null,
                GEMM,
                "d has a transposed copy or no other: a product writes Layout.CODES alone");
        Check.that(
                d.scaling() != Scaling.PER_TENSOR,
                GEMM,
                "d is scaled per tensor, which takes a second pass: write it as a Tensor and quantise that, or use BLOCKS_128 or GROUPS_16");
        Check.that(
                d.rows() == left.rows() && d.columns() == right.rows(),
                GEMM,
                "d is [" + d.rows() + ", " + d.columns() + "], not [" + left.rows() + ", " + right.rows() + "]");
        Check.device(GEMM, left.codes(), d.codes(), d.scales());
        Status.check(Native.ottava_gemm_fp8_quantize(
                d.codes().device().stream(),
                d.dtype().code(),
                d.codes().address(),
                d.codes().size(1),
                d.scaling().code(),
                d.scales().address(),
                left.codes().dtype().code(),
                left.codes().address(),
                left.pitch(),
                left.scales().address(),
                left.scaleRowStride(),
                left.scaleKStride(),
                right.codes().dtype().code(),
                right.codes().address(),
                right.pitch(),
                right.scales().address(),
                right.scaleRowStride(),
                right.scaleKStride(),
                code(bias),
                Check.address(bias),
                left.rows(),
                right.rows(),
                left.k(),
                Check.flag(accumulation == Accumulation.EXACT)));
    }

    private static void check(Fp8Operand a, Fp8Operand b, Tensor bias) {
        Check.that(
                a.summed() == b.summed(),
                GEMM,
                "a " + a.codes() + " and b " + b.codes() + " differ in k: " + a.summed() + " and " + b.summed());
        Check.that(
                a.codes().dtype() != DType.E5M2 || b.codes().dtype() != DType.E5M2,
                GEMM,
                "a and b are both E5M2: one of them has to be E4M3");
        Check.device(GEMM, a.codes(), b.codes());
        if (bias != null) {
            Check.that(
                    bias.dtype() == DType.F32 || bias.dtype() == DType.BF16,
                    GEMM,
                    "bias is " + bias + ", neither F32 nor BF16");
            Check.shape(GEMM, "bias", bias, b.rows());
            Check.device(GEMM, a.codes(), bias);
        }
    }

    /** Of an optional tensor. */
    private static int code(Tensor optional) {
        return optional == null ? DType.F32.code() : optional.dtype().code();
    }
}
