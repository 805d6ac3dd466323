package dev.ottava.autograd;

import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Scaling;

/**
 * A linear weight as products see it. It is stored once, in F32, BF16 or FP8. What a product takes that is not stored, the weight in another dtype, its FP8
 * codes or their transposed copy, is made in the workspace for that product and freed after it; {@link #keepOperands} keeps those in FP8.
 *
 * <p>The scales of codes made of a weight of F32 or BF16 are kept: they are made once after it changed, when it is first used.
 */
public final class LinearWeight implements AutoCloseable {
    private final Parameter parameter;
    private final DType dtype;
    private final Scaling scaling;
    private final Tensor scales;
    private QuantizedMatrix kept;
    private boolean stale = true;

    /**
     * The weight of a linear layer, whose values may still be missing.
     *
     * @param parameter [out, in]
     * @param dtype what the layer computes in
     * @param fp8 how the operands of products in FP8 are scaled; null if products take {@code dtype}
     */
    public LinearWeight(Parameter parameter, DType dtype, Scaling fp8) {
        this.parameter = parameter;
        this.dtype = dtype;
        this.scaling = fp8;
        Tensor weight = parameter.weight();
        boolean makesScales = fp8 != null && !parameter.isFp8();
        scales = makesScales
                ? arena(MemoryPurpose.WEIGHTS).empty(DType.F32, fp8.scalesShape(weight.size(0), weight.size(1)))
                : parameter.scales();
    }

    /** The weight itself. */
    public Parameter parameter() {
        return parameter;
    }

    /** What the layer computes in, and the dtype of its output. */
    DType dtype() {
        return dtype;
    }

    Scaling scaling() {
        return scaling;
    }

    /** Says that the weight has changed: what was made of it is made again before it is used. */
    public void changed() {
        stale = true;
    }

    /** Keeps what products in FP8 take beside the stored weight from one use to the next: a byte for each weight of FP8, two for each of F32 or BF16. */
    public void keepOperands() {
        if (scaling != null && kept == null) {
            kept = empty(MemoryPurpose.WEIGHTS, parameter.isFp8() ? Layout.TRANSPOSED : Layout.BOTH);
            stale = true;
        }
    }

    /** [out, in] of {@link #dtype}, for products that do not take FP8. */
    Operand<Tensor> matrix() {
        if (!parameter.isFp8()) {
            return Operand.of(parameter, dtype);
        }
        Tensor copy =
                arena(MemoryPurpose.WORKSPACE).empty(dtype, parameter.weight().shape());
        Quantize.dequantize(copy, parameter.quantized());
        return new Operand<>(copy, copy);
    }

    /** Codes [out, in]. */
    Operand<QuantizedMatrix> codes() {
        return parameter.isFp8() ? new Operand<>(parameter.quantized(), null) : operand(Layout.CODES);
    }

    /** Codes [in, out]. */
    Operand<QuantizedMatrix> transposed() {
        return operand(Layout.TRANSPOSED);
    }

    private Operand<QuantizedMatrix> operand(Layout layout) {
        if (kept != null) {
            if (stale) {
                write(kept);
            }
            return new Operand<>(kept, null);
        }
        QuantizedMatrix made = empty(MemoryPurpose.WORKSPACE, layout);
        Tensor codes = layout == Layout.CODES ? made.codes() : made.transposed();
        try {
            write(made);
            return new Operand<>(made, codes);
        } catch (RuntimeException e) {
            codes.close();
            throw e;
        }
    }

    private QuantizedMatrix empty(MemoryPurpose purpose, Layout layout) {
        Tensor weight = parameter.weight();
        return QuantizedMatrix.withScales(
                arena(purpose), DType.E4M3, scaling, scales, layout, weight.size(0), weight.size(1));
    }

    private void write(QuantizedMatrix codes) {
        if (parameter.isFp8()) {
            Quantize.transpose(codes, parameter.quantized());
        } else if (stale) {
            Quantize.quantize(codes, parameter.weight());
        } else {
            Quantize.quantizeWithScales(codes, parameter.weight());
        }
        stale = false;
    }

    private Arena arena(MemoryPurpose purpose) {
        return parameter.weight().device().arena(purpose);
    }

    @Override
    public void close() {
        if (kept != null && kept.codes() != null) {
            kept.codes().close();
        }
        if (kept != null) {
            kept.transposed().close();
        }
        if (scales != null && scales != parameter.scales()) {
            scales.close();
        }
    }
}
