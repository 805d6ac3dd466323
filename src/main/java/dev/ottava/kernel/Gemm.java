package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.DeviceException;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import dev.ottava.cuda.CublasLt;
import dev.ottava.cuda.CudaException;
import dev.ottava.cuda.Product;
import dev.ottava.cuda.Product.Operands;

/**
 * Matrix products {@code D[M, N] = A[M, K] · B[N, K]ᵀ (+ bias[N]) (+ D)}, accumulated in F32; of F32 and BF16 here, of quantised matrices in {@link Fp8Gemm}.
 *
 * <p>A linear layer {@code y = x Wᵀ} with W [out, in] is {@link #multiply(Tensor, Tensor, Tensor)} of x and W; {@link #inputGradient} and {@link
 * #weightGradient} are its two gradients.
 *
 * <p>A device with a library for it, as its property {@code matmul} says, multiplies with that; our own kernel takes what cuBLASLt has none for, such as a bias of another
 * dtype than d.
 */
public final class Gemm {
    private Gemm() {}

    /** {@code d = a bᵀ}. a [m, k] and b [n, k] of F32 or BF16; d [m, n] of their dtype, or F32. */
    public static void multiply(Tensor d, Tensor a, Tensor b) {
        multiply(d, a, false, b, false, null, false);
    }

    /** {@code dX = dY W}. dY [rows, out], weight [out, in], dX [rows, in]. */
    public static void inputGradient(Tensor dX, Tensor dY, Tensor weight, boolean accumulate) {
        multiply(dX, dY, false, weight, true, null, accumulate);
    }

    /** {@code dW = dYᵀ X}. dY [rows, out], x [rows, in], dW [out, in]. */
    public static void weightGradient(Tensor dW, Tensor dY, Tensor x, boolean accumulate) {
        multiply(dW, dY, true, x, true, null, accumulate);
    }

    /**
     * The general product.
     *
     * @param d [m, n]: F32, or BF16 when the operands are; overlaps neither operand
     * @param a [m, k], or [k, m] if {@code aTransposed}: F32 or BF16
     * @param b [n, k], or [k, n] if {@code bTransposed}: as a
     * @param bias [n], as a; null for none
     * @param accumulate add to what d holds
     */
    public static void multiply(
            Tensor d, Tensor a, boolean aTransposed, Tensor b, boolean bTransposed, Tensor bias, boolean accumulate) {
        DType dtype = Check.floating("gemm", a, b);
        Check.that(a.rank() == 2 && b.rank() == 2, "gemm", "a is " + a + " and b is " + b + ": both must be matrices");
        long m = a.size(aTransposed ? 1 : 0);
        long k = a.size(aTransposed ? 0 : 1);
        long n = b.size(bTransposed ? 1 : 0);
        Check.that(
                b.size(bTransposed ? 0 : 1) == k,
                "gemm",
                "a " + a + (aTransposed ? " transposed" : "") + " and b " + b + (bTransposed ? " transposed" : "")
                        + " differ in k");
        Check.shape("gemm", "d", d, m, n);
        Check.that(d.dtype() == DType.F32 || d.dtype() == dtype, "gemm", "d is " + d + " for operands of " + dtype);
        if (bias != null) {
            Check.floating("gemm", a, bias);
            Check.shape("gemm", "bias", bias, n);
        }
        CublasLt library = a.device().cublasLt();
        if (library != null && multiplied(library, d, a, aTransposed, b, bTransposed, bias, accumulate)) {
            return;
        }
        Status.check(Native.ottava_gemm(
                a.device().stream(),
                d.dtype().code(),
                d.address(),
                n,
                dtype.code(),
                a.address(),
                a.size(1),
                Check.flag(aTransposed),
                b.address(),
                b.size(1),
                Check.flag(bTransposed),
                Check.address(bias),
                m,
                n,
                k,
                Check.flag(accumulate)));
    }

    /** False, with nothing done, if cuBLASLt has no kernel for this product. */
    private static boolean multiplied(
            CublasLt library,
            Tensor d,
            Tensor a,
            boolean aTransposed,
            Tensor b,
            boolean bTransposed,
            Tensor bias,
            boolean accumulate) {
        long k = a.size(aTransposed ? 0 : 1);
        if (d.count() == 0 || k == 0 || (bias != null && bias.dtype() != d.dtype())) {
            return false;
        }
        Product product = Product.of(
                d.dtype().code(),
                d.size(1),
                a.dtype().code(),
                a.size(1),
                aTransposed,
                b.size(1),
                bTransposed,
                d.size(0),
                d.size(1),
                k,
                bias != null,
                accumulate);
        Operands operands = new Operands(d.address(), a.address(), b.address(), Check.address(bias), 0, 0);
        try {
            return library.multiply(product, operands);
        } catch (CudaException e) {
            throw new DeviceException("gemm on " + a.device() + ": " + e.getMessage());
        }
    }
}
