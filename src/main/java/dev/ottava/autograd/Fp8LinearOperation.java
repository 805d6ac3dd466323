package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Fp8Gemm;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code y = x Wᵀ (+ bias)} in FP8: inputs and weights in E4M3, gradients of outputs in E5M2. The forward product accumulates fast, those of the gradients
 * exactly.
 */
public final class Fp8LinearOperation {
    private Fp8LinearOperation() {}

    /**
     * Applies a linear layer.
     *
     * @param x [rows, in]
     * @param weight [out, in]
     * @param bias [out], or null
     * @return [rows, out], of the dtype that the layer computes in
     */
    public static Variable apply(Tape tape, QuantizedVariable x, LinearWeight weight, Parameter bias) {
        tape.begin("linear");
        Variable y = tape.empty(
                weight.dtype(), x.value().rows(), weight.parameter().weight().size(0));
        try (Operand<QuantizedMatrix> w = weight.codes()) {
            Fp8Gemm.forward(y.value(), x.value(), w.value(), bias == null ? null : bias.weight());
        }
        record(tape, y.gradient(), x, weight, bias);
        return y;
    }

    /** The same, in groups of 16 where it is made, for a gated activation. */
    public static QuantizedVariable groups(Tape tape, QuantizedVariable x, LinearWeight weight, Parameter bias) {
        tape.begin("linear");
        long out = weight.parameter().weight().size(0);
        QuantizedVariable y =
                QuantizedVariable.groups(tape, weight.dtype(), x.value().rows(), out);
        try (Operand<QuantizedMatrix> w = weight.codes()) {
            Fp8Gemm.forward(y.value(), x.value(), w.value(), bias == null ? null : bias.weight());
        }
        record(tape, y.gradient(), x, weight, bias);
        return y;
    }

    private static void record(Tape tape, Gradient gradient, QuantizedVariable x, LinearWeight weight, Parameter bias) {
        Parameter parameter = weight.parameter();
        List<Parameter> used = Stream.of(parameter, bias).filter(p -> p != null).toList();
        tape.record(gradient, used, x.saved(), parameters -> {
            boolean ready = gradient.quantized() != null;
            QuantizedMatrix dY = ready ? gradient.quantized() : quantize(gradient.tensor(), weight);
            try {
                // The gradient of x first: handing on the weight's gradient changes the weight.
                GradientTarget dX = x.gradient().target();
                try (Operand<QuantizedMatrix> w = weight.transposed()) {
                    Fp8Gemm.inputGradient(dX.tensor(), dY, w.value(), dX.accumulate());
                }
                GradientEpilogue epilogue = parameters.epilogue(parameter);
                if (epilogue != null) {
                    epilogue.take(parameter, dY, x.transposed());
                    parameters.taken(parameter);
                } else {
                    GradientTarget dW = parameters.open(parameter);
                    Fp8Gemm.weightGradient(dW.tensor(), dY, x.transposed(), dW.accumulate());
                    parameters.done(parameter);
                }
                if (bias != null) {
                    GradientTarget dBias = parameters.open(bias);
                    if (ready) {
                        sumColumns(dBias, dY, weight.dtype());
                    } else {
                        Elementwise.columnSum(dBias.tensor(), gradient.tensor(), dBias.accumulate());
                    }
                    parameters.done(bias);
                }
            } finally {
                if (!ready) {
                    dY.close();
                }
            }
        });
    }

    private static QuantizedMatrix quantize(Tensor gradient, LinearWeight weight) {
        QuantizedMatrix dY = QuantizedMatrix.empty(
                gradient.device().arena(MemoryPurpose.WORKSPACE),
                DType.E5M2,
                weight.scaling(),
                Layout.BOTH,
                gradient.size(0),
                gradient.size(1));
        Quantize.quantize(dY, gradient);
        return dY;
    }

    /** The gradient of a bias where that of the output was never a tensor. */
    private static void sumColumns(GradientTarget dBias, QuantizedMatrix dY, DType dtype) {
        Device device = dBias.tensor().device();
        try (Tensor plain = device.empty(dtype, dY.rows(), dY.columns())) {
            Quantize.dequantize(plain, dY);
            Elementwise.columnSum(dBias.tensor(), plain, dBias.accumulate());
        }
    }
}
