package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import org.junit.jupiter.api.Test;

class QuantizeRefusalsTest extends QuantizeContract {
    @Test
    void matrices() {
        assertRefused(
                bench -> {
                    Tensor codes = bench.empty(DType.E4M3, 3, 24);
                    Tensor scales = bench.empty(DType.F32, 1);
                    return () -> new QuantizedMatrix(3, 20, codes, null, Scaling.PER_TENSOR, scales);
                },
                "codes",
                "[3, 24]",
                "32",
                "multiple of 16");
        assertRefused(
                bench -> {
                    Tensor codes = bench.empty(DType.E4M3, 3, 16);
                    Tensor scales = bench.empty(DType.F32, 1);
                    return () -> new QuantizedMatrix(3, 20, codes, null, Scaling.PER_TENSOR, scales);
                },
                "32");
        assertRefused(
                bench -> {
                    Tensor codes = bench.empty(DType.BF16, 3, 16);
                    Tensor scales = bench.empty(DType.F32, 1);
                    return () -> new QuantizedMatrix(3, 16, codes, null, Scaling.PER_TENSOR, scales);
                },
                "BF16",
                "E4M3 or E5M2");
        assertRefused(
                bench -> {
                    Tensor codes = bench.empty(DType.E4M3, 16, 16);
                    Tensor scales = bench.empty(DType.BF16, 16, 1);
                    return () -> new QuantizedMatrix(16, 16, codes, codes, Scaling.GROUPS_16, scales);
                },
                "no transposed copy");
        assertRefused(
                bench -> {
                    Tensor codes = bench.empty(DType.E4M3, 300, 128);
                    Tensor scales = bench.empty(DType.F32, 2, 1);
                    return () -> new QuantizedMatrix(300, 128, codes, null, Scaling.BLOCKS_128, scales);
                },
                "scales",
                "[3, 1]");
        assertRefused(
                bench -> {
                    Tensor codes = bench.empty(DType.E4M3, 16, 16);
                    Tensor transposed = bench.empty(DType.E5M2, 16, 16);
                    Tensor scales = bench.empty(DType.F32, 1);
                    return () -> new QuantizedMatrix(16, 16, codes, transposed, Scaling.PER_TENSOR, scales);
                },
                "differ in dtype");
        assertRefused(
                bench -> {
                    Tensor codes = bench.empty(DType.E4M3, 40).rows(1, 33).view(2, 16);
                    Tensor scales = bench.empty(DType.F32, 1);
                    return () -> new QuantizedMatrix(2, 16, codes, null, Scaling.PER_TENSOR, scales);
                },
                "address",
                "multiple of 16");
        assertRefused(
                bench -> {
                    Tensor scales = bench.empty(DType.F32, 1);
                    return () -> new QuantizedMatrix(2, 16, null, null, Scaling.PER_TENSOR, scales);
                },
                "neither copy");
    }

    @Test
    void operations() {
        assertRefused(
                bench -> {
                    QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.PER_TENSOR, Layout.BOTH, 3, 5, 0);
                    Tensor x = bench.empty(DType.F32, 5, 3);
                    return () -> Quantize.quantize(q, x);
                },
                "quantize",
                "[3, 5]");
        assertRefused(
                bench -> {
                    QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.PER_TENSOR, Layout.BOTH, 1, 2, 0);
                    Tensor ids = bench.of(1, 2).view(1, 2);
                    return () -> Quantize.quantize(q, ids);
                },
                "neither F32 nor BF16");
        assertRefused(
                bench -> {
                    QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.PER_TENSOR, Layout.TRANSPOSED, 3, 5, 0);
                    Tensor y = bench.empty(DType.F32, 3, 5);
                    return () -> Quantize.dequantize(y, q);
                },
                "dequantize",
                "transposed");
        assertRefused(
                bench -> {
                    QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.GROUPS_16, Layout.CODES, 3, 5, 0);
                    Tensor x = bench.empty(DType.F32, 3, 5);
                    return () -> Quantize.swiGlu(q, x, x);
                },
                "swiglu_quantize",
                "GROUPS_16",
                "PER_TENSOR or BLOCKS_128");
        assertRefused(
                bench -> {
                    QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.BLOCKS_128, Layout.CODES, 3, 5, 0);
                    Tensor x = bench.empty(DType.F32, 3, 5);
                    Tensor r = bench.empty(DType.F32, 4);
                    return () -> Quantize.rmsNorm(q, r, x, x.rows(0, 1).view(5), 1e-5);
                },
                "rms_norm_quantize",
                "inverseRms");
        assertRefused(
                bench -> {
                    QuantizedMatrix dGate = matrix(bench, DType.E5M2, Scaling.BLOCKS_128, Layout.BOTH, 3, 5, 0);
                    QuantizedMatrix dUp = matrix(bench, DType.E5M2, Scaling.BLOCKS_128, Layout.BOTH, 3, 5, 16);
                    Tensor x = bench.empty(DType.F32, 3, 5);
                    return () -> Quantize.swiGluBackward(dGate, dUp, x, x, x);
                },
                "dGate and dUp differ");
    }
}
