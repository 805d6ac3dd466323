package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Peers;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Gemm;
import java.util.ArrayList;
import java.util.List;

/**
 * Matrix products: squares, and the three products of the feed-forward layer's first matrix. Operations: 2 m n k. Bytes: both operands and the
 * result once. On cpu beside OpenBLAS SGEMM, for BF16 as well, because OpenBLAS has no other that is as fast. Products of FP8: {@link Fp8GemmCases}.
 */
final class GemmSuite implements Suite {
    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (DType dtype : scale.dtypes()) {
            for (int n : scale.squares()) {
                cases.add(square(n, dtype));
            }
            long rows = scale.rows();
            cases.add(product("linear", rows, scale.intermediate(), scale.hidden(), dtype, false, false, dtype));
            cases.add(product("linear dX", rows, scale.hidden(), scale.intermediate(), dtype, false, true, dtype));
            cases.add(product("linear dW", scale.intermediate(), scale.hidden(), rows, dtype, true, true, DType.F32));
        }
        if (scale.dtypes().contains(DType.BF16)) { // their peer
            cases.addAll(Fp8GemmCases.of(scale));
        }
        return cases;
    }

    static Case square(int n, DType dtype) {
        return product("square", n, n, n, dtype, false, false, dtype);
    }

    /** {@code d[m, n] = a[m, k] b[n, k]ᵀ}, either operand stored transposed. */
    private static Case product(
            String name,
            long m,
            long n,
            long k,
            DType dtype,
            boolean aTransposed,
            boolean bTransposed,
            DType resultDType) {
        double bytes = (double) dtype.bytes() * (m * k + n * k) + (double) resultDType.bytes() * m * n;
        Work work = new Work(bytes, 2.0 * m * n * k);
        return Case.cold(name, Scale.shape(m, n, k), dtype, work, tensors -> {
            Tensor a = aTransposed ? tensors.random(dtype, k, m) : tensors.random(dtype, m, k);
            Tensor b = bTransposed ? tensors.random(dtype, k, n) : tensors.random(dtype, n, k);
            Tensor d = tensors.empty(resultDType, m, n);
            Runnable ours = () -> Gemm.multiply(d, a, aTransposed, b, bTransposed, null, false);
            return Peers.openBlas(tensors.device())
                    ? besideOpenBlas(tensors, ours, m, n, k, aTransposed, bTransposed)
                    : Variants.alone(ours);
        });
    }

    private static Variants besideOpenBlas(
            Tensors tensors, Runnable ours, long m, long n, long k, boolean aTransposed, boolean bTransposed) {
        Tensor a = tensors.random(DType.F32, m, k);
        Tensor b = tensors.random(DType.F32, n, k);
        Tensor d = tensors.empty(DType.F32, m, n);
        return new Variants(
                ours, "OpenBLAS SGEMM", () -> Peers.openBlasMultiply(d, a, aTransposed, b, bTransposed, m, n, k));
    }
}
