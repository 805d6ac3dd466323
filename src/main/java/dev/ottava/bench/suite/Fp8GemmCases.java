package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.cuda.CublasLt;
import dev.ottava.cuda.Product;
import dev.ottava.cuda.Product.Operands;
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
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Products of FP8: the kernel alone, and with the quantisation of the input that a linear layer needs. Beside cuBLASLt's FP8, scaled per tensor, the fastest of its
 * algorithms, and its BF16, where the machine has it; otherwise beside our own product of BF16. Operations: 2 m n k. Bytes: both operands and the result once; with quantisation
 * also the BF16 input, read, and its transposed codes.
 */
final class Fp8GemmCases {
    private static final int ROUNDS = 10;

    private Fp8GemmCases() {}

    /** Which of a linear layer's products it is: the dtypes, and how it accumulates. */
    enum Kind {
        FORWARD(DType.E4M3, DType.BF16, Accumulation.FAST),
        INPUT_GRADIENT(DType.E5M2, DType.BF16, Accumulation.EXACT),
        WEIGHT_GRADIENT(DType.E5M2, DType.F32, Accumulation.EXACT);

        private final DType left;
        private final DType result;
        private final Accumulation accumulation;

        Kind(DType left, DType result, Accumulation accumulation) {
            this.left = left;
            this.result = result;
            this.accumulation = accumulation;
        }
    }

    static List<Case> of(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (Scaling scaling : List.of(Scaling.BLOCKS_128, Scaling.PER_TENSOR)) {
            for (int n : scale.squares()) {
                cases.add(product("square", Kind.FORWARD, scaling, n, n, n, false));
            }
            long rows = scale.rows();
            cases.add(product("linear", Kind.FORWARD, scaling, rows, scale.intermediate(), scale.hidden(), false));
            cases.add(product(
                    "linear and quantize", Kind.FORWARD, scaling, rows, scale.intermediate(), scale.hidden(), true));
        }
        return cases;
    }

    /** One product of a layer in both scalings. */
    static List<Case> of(String layer, Kind kind, long m, long n, long k) {
        String name = layer + " " + kind.name().toLowerCase(Locale.ROOT);
        return Stream.of(Scaling.BLOCKS_128, Scaling.PER_TENSOR)
                .map(scaling -> product(name, kind, scaling, m, n, k, false))
                .map(each -> each.with("layer", layer))
                .toList();
    }

    private static Case product(String name, Kind kind, Scaling scaling, long m, long n, long k, boolean quantize) {
        double bytes =
                (double) m * k + (double) n * k + (double) kind.result.bytes() * m * n + (quantize ? 3.0 * m * k : 0);
        String how = name + (scaling == Scaling.BLOCKS_128 ? " blocks" : " tensor");
        String shape = Scale.shape(m, n, k);
        return Case.cold(how, shape, DType.E4M3, new Work(bytes, 2.0 * m * n * k), tensors -> {
            Tensor a = tensors.random(DType.BF16, m, k);
            Tensor b = tensors.random(DType.BF16, n, k);
            Tensor d = tensors.empty(kind.result, m, n);
            QuantizedMatrix left = codes(tensors, kind.left, scaling, quantize ? Layout.BOTH : Layout.CODES, a);
            QuantizedMatrix right = codes(tensors, DType.E4M3, scaling, Layout.CODES, b);
            Runnable multiply =
                    () -> Fp8Gemm.multiply(d, left, false, right, false, Fp8Epilogue.NONE, kind.accumulation);
            Runnable ours = !quantize
                    ? multiply
                    : () -> {
                        Quantize.quantize(left, a);
                        multiply.run();
                    };
            Variants fp8 = besideCublasLt(tensors, ours, kind, d, a, b);
            return bf16(fp8 == null ? Variants.alone(ours) : fp8, d, a, b);
        });
    }

    /** Null where there is no cuBLASLt, or it has no kernel for the product. */
    private static Variants besideCublasLt(Tensors tensors, Runnable ours, Kind kind, Tensor d, Tensor a, Tensor b) {
        Device device = tensors.device();
        CublasLt library = device.cublasLt();
        if (library == null || a.size(1) % 16 != 0) {
            return null;
        }
        QuantizedMatrix left = codes(tensors, kind.left, Scaling.PER_TENSOR, Layout.CODES, a);
        QuantizedMatrix right = codes(tensors, DType.E4M3, Scaling.PER_TENSOR, Layout.CODES, b);
        Product product = Product.scaled(
                kind.result.code(),
                kind.left.code(),
                Product.Scale.TENSOR,
                DType.E4M3.code(),
                Product.Scale.TENSOR,
                a.size(0),
                b.size(0),
                a.size(1),
                kind.accumulation == Accumulation.FAST);
        Operands operands = new Operands(
                d.address(),
                left.codes().address(),
                right.codes().address(),
                0,
                left.scales().address(),
                right.scales().address());
        if (library.chooseFastest(product, operands, ROUNDS).length == 0) {
            return null;
        }
        return new Variants(
                ours,
                library.version() + " FP8 per tensor, "
                        + kind.accumulation.name().toLowerCase(Locale.ROOT),
                () -> library.multiply(product, operands));
    }

    /** Beside the product of BF16 as well: cuBLASLt's, the fastest of its algorithms, or else ours. */
    private static Variants bf16(Variants variants, Tensor d, Tensor a, Tensor b) {
        CublasLt library = d.device().cublasLt();
        long k = a.size(1);
        Product product = Product.of(
                d.dtype().code(),
                d.size(1),
                a.dtype().code(),
                k,
                false,
                k,
                false,
                d.size(0),
                d.size(1),
                k,
                false,
                false);
        Operands operands = new Operands(d.address(), a.address(), b.address(), 0, 0, 0);
        return library == null || library.chooseFastest(product, operands, ROUNDS).length == 0
                ? variants.and("Ottava BF16", () -> Gemm.multiply(d, a, b))
                : variants.and(library.version() + " BF16", () -> library.multiply(product, operands));
    }

    private static QuantizedMatrix codes(Tensors tensors, DType dtype, Scaling scaling, Layout layout, Tensor x) {
        QuantizedMatrix q = tensors.own(QuantizedMatrix.empty(
                tensors.device().arena(MemoryPurpose.WORKSPACE), dtype, scaling, layout, x.size(0), x.size(1)));
        Quantize.quantize(q, x);
        return q;
    }
}
