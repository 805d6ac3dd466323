package dev.ottava.kernel;

import dev.ottava.core.Tensor;

/** A moment of AdamW, as it is stored between steps. Zero bytes are zeros, the state before the first step. */
public sealed interface AdamWMoment {
    /** The numbers, or their codes, as many as the weight has elements. */
    Tensor values();

    /** Elements that share a largest magnitude and an exponent. */
    long GROUP = 128;

    /** F32, or BF16 that is rounded stochastically. */
    record Plain(Tensor values) implements AdamWMoment {}

    /**
     * FP8 with dynamic range expansion (COAT, Xi et al., 2024, arXiv 2410.19313, section 4), 1 + 1/16 bytes an element. The format stands in {@code
     * ottava/optimizer.h}.
     *
     * @param values E4M3 codes
     * @param groups [ceil(count / 128), 2], F32: of each 128 elements, the largest magnitude and the exponent
     */
    record Expanded(Tensor values, Tensor groups) implements AdamWMoment {}

    /** The shape of the groups of that many elements. */
    static long[] groupShape(long count) {
        return new long[] {(count + GROUP - 1) / GROUP, 2};
    }
}
