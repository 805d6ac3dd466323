package dev.ottava.nn;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Scaling;
import java.util.Map;

/** How a model stores its weights, whatever it computes with. */
public enum WeightFormat {
    /** All in F32. */
    F32(DType.F32, DType.F32),
    /** All in BF16. */
    BF16(DType.BF16, DType.BF16),
    /** The matrices of linear layers in E4M3 with an F32 scale for each block of 128 by 128; embedding, head, norms and biases in BF16. */
    FP8(DType.E4M3, DType.BF16),
    /** As {@link #FP8}, with scales rounded up to powers of two. */
    FP8_POWER_OF_TWO(DType.E4M3, DType.BF16);

    private final DType linear;
    private final DType others;

    WeightFormat(DType linear, DType others) {
        this.linear = linear;
        this.others = others;
    }

    /** F32 or BF16 as the dtype is. */
    public static WeightFormat of(DType dtype) {
        return dtype == DType.F32 ? F32 : BF16;
    }

    public boolean isFp8() {
        return linear == DType.E4M3;
    }

    /** The dtype of the matrices of linear layers: E4M3 where they are codes. */
    public DType linear() {
        return linear;
    }

    /** The dtype of embedding, head, norms and biases. */
    public DType others() {
        return others;
    }

    private boolean isCodes(String name, long[] shape) {
        return isFp8() && shape.length == 2 && name.startsWith("model.layers.");
    }

    /** Refuses shapes that cannot be stored so, before there is memory to free. */
    void check(Map<String, long[]> shapes) {
        shapes.forEach((name, shape) -> {
            if (isCodes(name, shape) && shape[1] % 16 != 0) {
                throw new InvalidArgumentException(name + " has rows of " + shape[1]
                        + " weights: FP8 weights take multiples of 16; use --weights bf16");
            }
        });
    }

    /** A parameter that is not initialised. */
    Parameter empty(Device device, String name, int index, long... shape) {
        Arena arena = device.arena(MemoryPurpose.WEIGHTS);
        if (!isCodes(name, shape)) {
            return new Parameter(name, index, arena.empty(others, shape));
        }
        Tensor scales = arena.empty(DType.F32, Scaling.BLOCKS_128.scalesShape(shape[0], shape[1]));
        return new Parameter(name, index, arena.empty(linear, shape), scales, this == FP8_POWER_OF_TWO);
    }
}
