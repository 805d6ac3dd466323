package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Scaling;

/**
 * A linear weight as products in FP8 see it: E4M3, with scales that are made once after the weight changed, when it is first used, and codes that are made
 * for each use and freed after, so that a weight is stored once.
 */
public final class Fp8Weight implements AutoCloseable {
    private final Parameter parameter;
    private final Scaling scaling;
    private final Tensor scales;
    private boolean stale = true;

    /**
     * The weight of a linear layer, whose values may still be missing.
     *
     * @param parameter [out, in]
     */
    public Fp8Weight(Parameter parameter, Scaling scaling) {
        this.parameter = parameter;
        this.scaling = scaling;
        Tensor weight = parameter.weight();
        Device device = weight.device();
        scales = device.arena(MemoryPurpose.WEIGHTS)
                .empty(DType.F32, scaling.scalesShape(weight.size(0), weight.size(1)));
    }

    /** The weight itself. */
    public Parameter parameter() {
        return parameter;
    }

    Scaling scaling() {
        return scaling;
    }

    /** Says that the weight has changed: its scales are made again before they are used. */
    public void changed() {
        stale = true;
    }

    /** Codes [out, in] in the workspace; the caller closes them, not the scales. */
    QuantizedMatrix codes() {
        return quantized(Layout.CODES);
    }

    /** Codes [in, out] in the workspace; the caller closes them, not the scales. */
    QuantizedMatrix transposed() {
        return quantized(Layout.TRANSPOSED);
    }

    private QuantizedMatrix quantized(Layout layout) {
        Tensor weight = parameter.weight();
        QuantizedMatrix w = QuantizedMatrix.withScales(
                weight.device().arena(MemoryPurpose.WORKSPACE),
                DType.E4M3,
                scaling,
                scales,
                layout,
                weight.size(0),
                weight.size(1));
        try {
            if (stale) {
                Quantize.quantize(w, weight);
                stale = false;
            } else {
                Quantize.quantizeWithScales(w, weight);
            }
            return w;
        } catch (RuntimeException e) {
            (layout == Layout.CODES ? w.codes() : w.transposed()).close();
            throw e;
        }
    }

    @Override
    public void close() {
        scales.close();
    }
}
