package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.Scaling;
import java.util.Map;

/**
 * A weight that training changes.
 *
 * @param name as in a Hugging Face checkpoint, for example {@code model.layers.0.self_attn.q_proj.weight}
 * @param index in the order of the model's names: the counter of its stochastic rounding
 * @param weight a matrix [out, in] or a vector, F32 or BF16; or the codes of a matrix, E4M3
 * @param scales of E4M3 codes, in blocks of 128 by 128: F32 [ceil(out / 128), ceil(in / 128)]; otherwise null
 * @param powerOfTwoScales whether those scales are rounded up to powers of two
 */
public record Parameter(String name, int index, Tensor weight, Tensor scales, boolean powerOfTwoScales) {
    private static final long BLOCK = 128;

    /** A weight of F32 or BF16. */
    public Parameter(String name, int index, Tensor weight) {
        this(name, index, weight, null, false);
    }

    public boolean isFp8() {
        return weight.dtype() == DType.E4M3;
    }

    /** Codes and scales of an FP8 weight; closing it closes the parameter's. */
    public QuantizedMatrix quantized() {
        return new QuantizedMatrix(weight.size(0), weight.size(1), weight, null, Scaling.BLOCKS_128, scales);
    }

    /**
     * Sets some rows, or some elements of a vector, rounding to nearest.
     *
     * @param first the first of them; for an FP8 weight a multiple of 128, as their number is unless they are the last
     * @param rows F32, BF16 or, unless the weight is FP8, F16
     */
    public void set(long first, Tensor rows) {
        if (!isFp8()) {
            Elementwise.cast(weight.rows(first, first + rows.size(0)), rows);
            return;
        }
        QuantizedMatrix part = part(first, rows.size(0));
        if (!powerOfTwoScales) {
            Quantize.quantize(part, rows);
        } else if (!weight.device().isMeta()) {
            Quantize.scales(part, rows);
            roundUpToPowersOfTwo(part.scales());
            Quantize.quantizeWithScales(part, rows);
        }
    }

    /** Reads as many rows, or elements of a vector, as {@code rows} has, F32 or BF16, from the first on; of an FP8 weight as {@link #set} takes them. */
    public void get(Tensor rows, long first) {
        if (isFp8()) {
            Quantize.dequantize(rows, part(first, rows.size(0)));
        } else {
            Elementwise.cast(rows, weight.rows(first, first + rows.size(0)));
        }
    }

    private QuantizedMatrix part(long first, long count) {
        boolean whole = first % BLOCK == 0 && (count % BLOCK == 0 || first + count == weight.size(0));
        if (!whole) {
            throw new InvalidArgumentException(
                    name + ": rows " + first + " to " + (first + count) + " are no whole blocks of " + BLOCK);
        }
        Tensor codes = weight.rows(first, first + count);
        Tensor ofCodes = scales.rows(first / BLOCK, (first + count + BLOCK - 1) / BLOCK);
        return new QuantizedMatrix(count, weight.size(1), codes, null, Scaling.BLOCKS_128, ofCodes);
    }

    private static void roundUpToPowersOfTwo(Tensor scales) {
        float[] values = scales.toFloats();
        for (int i = 0; i < values.length; i++) {
            float below = Math.scalb(1f, Math.getExponent(values[i]));
            values[i] = Float.isNaN(values[i]) || below == values[i] ? values[i] : 2 * below;
        }
        scales.copyFrom(values);
    }

    /** What a file holds of it, by name: the weight, and of an FP8 weight the scales as {@code <name>_scale_inv}. */
    public Map<String, Tensor> tensors() {
        return isFp8() ? Map.of(name, weight, name + "_scale_inv", scales) : Map.of(name, weight);
    }

    /** Frees the memory. */
    public void close() {
        weight.close();
        if (scales != null) {
            scales.close();
        }
    }
}
