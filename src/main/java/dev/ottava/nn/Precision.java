package dev.ottava.nn;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.kernel.Scaling;

/**
 * The numbers a model computes with, and those its weights are stored in.
 *
 * @param dtype of activations, F32 or BF16
 * @param fp8Scaling how the operands of linear layers are scaled where they are FP8; null where linear layers compute in {@code dtype} too. Embedding, head, norms
 *     and attention always do
 * @param weights how weights are stored; where an operation takes another dtype, they are converted for it, in the workspace
 */
public record Precision(DType dtype, Scaling fp8Scaling, WeightFormat weights) {
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
        if (weights.isFp8() && fp8Scaling == Scaling.PER_TENSOR) {
            throw new InvalidArgumentException(
                    "--weights fp8 with --fp8-scaling tensor: FP8 weights have a scale for each"
                            + " block of 128 x 128; use --fp8-scaling blocks");
        }
    }

    /** Weights stored in the dtype of activations. */
    public Precision(DType dtype, Scaling fp8Scaling) {
        this(dtype, fp8Scaling, WeightFormat.of(dtype));
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

    /** The same computation with weights stored so. */
    public Precision with(WeightFormat stored) {
        return new Precision(dtype, fp8Scaling, stored);
    }

    public boolean usesFp8() {
        return fp8Scaling != null;
    }
}
