package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Fp8Gemm;
import dev.ottava.kernel.FusedLomo;
import dev.ottava.kernel.Gemm;
import dev.ottava.kernel.LomoRule;
import dev.ottava.kernel.LomoUpdate;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Rounding;
import dev.ottava.kernel.Scaling;
import dev.ottava.kernel.StepControl;
import java.util.ArrayList;
import java.util.List;

/**
 * The gradient of a feed-forward layer's first weight and its LOMO update: fused, where the gradient is never in memory, and apart, where the product writes it in the
 * operands' dtype (BF16 for FP8) and the update reads it. Both beside the same product that writes the gradient and updates nothing. Operations: 2 m n k, and 3 an element of
 * the weight. Bytes: both operands once, the weight in and out; apart, also the gradient out and in. E4M3: operands of FP8, a weight of BF16; "fp8 weight": one of FP8 too.
 */
final class FusedSuite implements Suite {
    private static final Rounding STOCHASTIC = new Rounding(true, 8, 0);
    private static final double WEIGHT_DECAY = 0.01;

    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (DType dtype : scale.modelDTypes()) {
            cases.add(of(scale, dtype, true, false));
            cases.add(of(scale, dtype, false, false));
            if (dtype == DType.E4M3) {
                cases.add(of(scale, dtype, true, true));
                cases.add(of(scale, dtype, false, true));
            }
        }
        return cases;
    }

    /** What is done with the gradient dYᵀ x. */
    private interface Layer {
        void gradient(Tensor dW);

        void fused(LomoRule rule);

        void update(LomoRule rule, Tensor dW);
    }

    private static Case of(Scale scale, DType dtype, boolean fused, boolean fp8Weight) {
        long out = scale.intermediate();
        long in = scale.hidden();
        long tokens = scale.rows();
        DType gradientDType = dtype == DType.E4M3 ? DType.BF16 : dtype;
        double elements = (double) out * in;
        double weightBytes = fp8Weight ? 1 + 4.0 / (128 * 128) : gradientDType.bytes();
        double bytes = (double) dtype.bytes() * tokens * (out + in)
                + elements * 2 * (weightBytes + (fused ? 0 : gradientDType.bytes()));
        Work work = new Work(bytes, 2.0 * out * in * tokens + 3 * elements);
        String name = "dW and lomo " + (fused ? "fused" : "apart") + (fp8Weight ? ", fp8 weight" : "");
        return Case.cold(name, Scale.shape(out, in, tokens), dtype, work, tensors -> {
            StepControl control = tensors.own(new StepControl(tensors.device()));
            control.begin(1, 1e-4);
            LomoRule rule =
                    new LomoRule(control, WEIGHT_DECAY, 0, dtype == DType.F32 ? Rounding.NEAREST : STOCHASTIC, null);
            Layer layer = layer(tensors, dtype, gradientDType, fp8Weight, out, in, tokens);
            Tensor gradient = tensors.empty(gradientDType, out, in);
            Runnable ours = fused
                    ? () -> layer.fused(rule)
                    : () -> {
                        layer.gradient(gradient);
                        layer.update(rule, gradient);
                    };
            return new Variants(ours, "dW alone", () -> layer.gradient(gradient));
        });
    }

    private static Layer layer(
            Tensors tensors, DType dtype, DType weightDType, boolean fp8Weight, long out, long in, long tokens) {
        Tensor dY = tensors.random(weightDType, tokens, out);
        Tensor x = tensors.random(weightDType, tokens, in);
        Tensor weight = tensors.random(weightDType, out, in);
        if (dtype != DType.E4M3) {
            return new Layer() {
                @Override
                public void gradient(Tensor dW) {
                    Gemm.weightGradient(dW, dY, x, false);
                }

                @Override
                public void fused(LomoRule rule) {
                    FusedLomo.apply(rule, weight, 0, dY, x);
                }

                @Override
                public void update(LomoRule rule, Tensor dW) {
                    LomoUpdate.apply(rule.control(), weight, dW, WEIGHT_DECAY, 0, rule.rounding(), null);
                }
            };
        }
        QuantizedMatrix dYCodes = codes(tensors, DType.E5M2, Layout.TRANSPOSED, dY);
        QuantizedMatrix xCodes = codes(tensors, DType.E4M3, Layout.TRANSPOSED, x);
        QuantizedMatrix weightCodes = fp8Weight ? codes(tensors, DType.E4M3, Layout.CODES, weight) : null;
        return new Layer() {
            @Override
            public void gradient(Tensor dW) {
                Fp8Gemm.weightGradient(dW, dYCodes, xCodes, false);
            }

            @Override
            public void fused(LomoRule rule) {
                if (fp8Weight) {
                    FusedLomo.apply(rule, weightCodes, dYCodes, xCodes, false);
                } else {
                    FusedLomo.apply(rule, weight, dYCodes, xCodes);
                }
            }

            @Override
            public void update(LomoRule rule, Tensor dW) {
                if (fp8Weight) {
                    LomoUpdate.apply(rule, weightCodes, dW, false);
                } else {
                    LomoUpdate.apply(rule.control(), weight, dW, WEIGHT_DECAY, 0, rule.rounding(), null);
                }
            }
        };
    }

    private static QuantizedMatrix codes(Tensors tensors, DType dtype, Layout layout, Tensor x) {
        QuantizedMatrix q = tensors.own(QuantizedMatrix.empty(
                tensors.device().arena(MemoryPurpose.WORKSPACE),
                dtype,
                Scaling.BLOCKS_128,
                layout,
                x.size(0),
                x.size(1)));
        Quantize.quantize(q, x);
        return q;
    }
}
