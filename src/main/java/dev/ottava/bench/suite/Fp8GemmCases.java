package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Accumulation;
import dev.ottava.kernel.Fp8Epilogue;
import dev.ottava.kernel.Fp8Gemm;
import dev.ottava.kernel.Gemm;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Scaling;
import java.util.ArrayList;
import java.util.List;

/**
 * Products of E4M3 into BF16, beside our own of BF16 in the same run: the kernel alone, and with the quantisation of the input that a linear layer needs. Operations:
 * 2 m n k. Bytes: both operands and the result once; with quantisation also the BF16 input, read, and its transposed codes.
 */
final class Fp8GemmCases {
    private Fp8GemmCases() {}

    static List<Case> of(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (Scaling scaling : List.of(Scaling.BLOCKS_128, Scaling.PER_TENSOR)) {
            String how = scaling == Scaling.BLOCKS_128 ? "blocks" : "tensor";
            for (int n : scale.squares()) {
                cases.add(product("square " + how, scaling, n, n, n, false));
            }
            cases.add(product("linear " + how, scaling, scale.rows(), scale.intermediate(), scale.hidden(), false));
            cases.add(product(
                    "linear and quantize " + how, scaling, scale.rows(), scale.intermediate(), scale.hidden(), true));
        }
        return cases;
    }

    private static Case product(String name, Scaling scaling, long m, long n, long k, boolean quantize) {
        double bytes = (double) m * k + (double) n * k + 2.0 * m * n + (quantize ? 3.0 * m * k : 0);
        return Case.cold(name, Scale.shape(m, n, k), DType.E4M3, new Work(bytes, 2.0 * m * n * k), tensors -> {
            Tensor a = tensors.random(DType.BF16, m, k);
            Tensor b = tensors.random(DType.BF16, n, k);
            Tensor d = tensors.empty(DType.BF16, m, n);
            QuantizedMatrix left = codes(tensors, scaling, quantize ? Layout.BOTH : Layout.CODES, a);
            QuantizedMatrix right = codes(tensors, scaling, Layout.CODES, b);
            Runnable multiply =
                    () -> Fp8Gemm.multiply(d, left, false, right, false, Fp8Epilogue.NONE, Accumulation.FAST);
            Runnable ours = !quantize ? multiply : () -> {
                Quantize.quantize(left, a);
                multiply.run();
            };
            return new Variants(ours, "Ottava BF16", () -> Gemm.multiply(d, a, b));
        });
    }

    private static QuantizedMatrix codes(Tensors tensors, Scaling scaling, Layout layout, Tensor x) {
        QuantizedMatrix q = tensors.own(QuantizedMatrix.empty(
                tensors.device().arena(MemoryPurpose.WORKSPACE),
                DType.E4M3,
                scaling,
                layout,
                x.size(0),
                x.size(1)));
        Quantize.quantize(q, x);
        return q;
    }
}
