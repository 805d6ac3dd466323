package dev.ottava.nn;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.kernel.Scaling;

/**
 * The numbers a model computes with.
 *
 * @param dtype of weights and activations, F32 or BF16
 * @param fp8Scaling how the operands of linear layers are scaled where they are FP8; null where linear layers compute in {@code dtype} too. Embedding, head, norms
 *     and attention always do
 */
public record Precision(DType dtype, Scaling fp8Scaling) {
    /** Everything in F32. */
    public static final Precision F32 = new Precision(DType.F32, null);

    /** Weights and activations in BF16. */
    public static final Precision BF16 = new Precision(DType.BF16, null);

    public Precision {
        if (dtype != DType.F32 && dtype != DType.BF16) {
            throw new InvalidArgumentException("a model of " + dtype + ": F32 or BF16");
        }
        if (fp8Scaling == Scaling.GROUPS_16) {
            throw new InvalidArgumentException("operands of products are scaled per tensor or in blocks of 128");
        }
    }

    /** As {@link #BF16}, and the products of linear layers in FP8. */
    public static Precision fp8(Scaling scaling) {
        return new Precision(DType.BF16, scaling);
    }

    /** Everything in one dtype, F32 or BF16. */
    public static Precision of(DType dtype) {
        return new Precision(dtype, null);
    }

    /** BF16 where the device multiplies it at more than the speed of F32, otherwise F32. */
    public static Precision natural(Device device) {
        return device.hasNativeBf16() ? BF16 : F32;
    }

    public boolean usesFp8() {
        return fp8Scaling != null;
    }
}
