package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import java.util.List;

/** What the tests of fused updates share: weights of all kinds, and operands of all kinds with what can be done with them. */
abstract class FusedLomoContract extends UpdateContract {
    enum Weight {
        F32,
        BF16,
        FP8,
        FP8_POWER_OF_TWO
    }

    /** A weight [out, in], as a tensor or quantised; the other is null. */
    record AnyWeight(Tensor tensor, QuantizedMatrix quantized, boolean powerOfTwoScales) {
        List<Tensor> tensors() {
            return tensor != null ? List.of(tensor) : List.of(quantized.codes(), quantized.scales());
        }

        void update(LomoRule rule, Tensor gradient) {
            if (tensor == null) {
                LomoUpdate.apply(rule, quantized, gradient, powerOfTwoScales);
            } else {
                LomoUpdate.apply(
                        rule.control(),
                        tensor,
                        gradient,
                        rule.weightDecay(),
                        rule.maxValue(),
                        rule.rounding(),
                        rule.sumSquares());
            }
        }
    }

    /** dY [tokens, out] and x [tokens, in]. */
    interface Operands {
        void gradient(Tensor dW);

        void fused(LomoRule rule, AnyWeight weight);

        void sumSquares(Tensor sum);
    }

    static AnyWeight weight(Workbench bench, Weight kind, float[] values, int out, int in) {
        if (kind == Weight.F32 || kind == Weight.BF16) {
            return new AnyWeight(bench.of(kind == Weight.F32 ? DType.F32 : DType.BF16, values, out, in), null, false);
        }
        QuantizedMatrix quantized = new QuantizedMatrix(
                out,
                in,
                bench.empty(DType.E4M3, out, QuantizedMatrix.filledUp(in)),
                null,
                Scaling.BLOCKS_128,
                bench.empty(DType.F32, Scaling.BLOCKS_128.scalesShape(out, in)));
        Quantize.quantize(quantized, bench.of(DType.F32, values, out, in));
        return new AnyWeight(null, quantized, kind == Weight.FP8_POWER_OF_TWO);
    }

    /** Operands of F32 or BF16, or, for E4M3, quantised and transposed: dY in E5M2 by blocks, x in E4M3 by one scale. */
    static Operands operands(Workbench bench, DType dtype, int[] shape, float[] dY, float[] x) {
        if (dtype == DType.E4M3) {
            return quantized(
                    transposed(bench, DType.E5M2, Scaling.BLOCKS_128, dY, shape[0], shape[1]),
                    transposed(bench, DType.E4M3, Scaling.PER_TENSOR, x, shape[0], shape[2]));
        }
        return plain(bench.of(dtype, dY, shape[0], shape[1]), bench.of(dtype, x, shape[0], shape[2]));
    }

    private static QuantizedMatrix transposed(
            Workbench bench, DType dtype, Scaling scaling, float[] values, int rows, int columns) {
        QuantizedMatrix q = new QuantizedMatrix(
                rows,
                columns,
                null,
                bench.empty(dtype, columns, QuantizedMatrix.filledUp(rows)),
                scaling,
                bench.empty(DType.F32, scaling.scalesShape(rows, columns)));
        Quantize.quantize(q, bench.of(DType.F32, values, rows, columns));
        return q;
    }

    private static Operands plain(Tensor dY, Tensor x) {
        return new Operands() {
            @Override
            public void gradient(Tensor dW) {
                Gemm.weightGradient(dW, dY, x, false);
            }

            @Override
            public void fused(LomoRule rule, AnyWeight weight) {
                if (weight.tensor() != null) {
                    FusedLomo.apply(rule, weight.tensor(), 0, dY, x);
                } else {
                    FusedLomo.apply(rule, weight.quantized(), dY, x, weight.powerOfTwoScales());
                }
            }

            @Override
            public void sumSquares(Tensor sum) {
                FusedLomo.sumSquares(sum, dY, x);
            }
        };
    }

    private static Operands quantized(QuantizedMatrix dY, QuantizedMatrix x) {
        return new Operands() {
            @Override
            public void gradient(Tensor dW) {
                Fp8Gemm.weightGradient(dW, dY, x, false);
            }

            @Override
            public void fused(LomoRule rule, AnyWeight weight) {
                if (weight.tensor() != null) {
                    FusedLomo.apply(rule, weight.tensor(), dY, x);
                } else {
                    FusedLomo.apply(rule, weight.quantized(), dY, x, weight.powerOfTwoScales());
                }
            }

            @Override
            public void sumSquares(Tensor sum) {
                FusedLomo.sumSquares(sum, dY, x);
            }
        };
    }
}
