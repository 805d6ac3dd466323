package dev.ottava.kernel;

/** Where the sums of a product of FP8 operands are kept. */
public enum Accumulation {
    /**
     * Where the hardware accumulates them: on Hopper with about 14 bits, unless an operand is scaled in blocks, which makes it {@link #EXACT}. Enough for
     * the forward pass. Other devices do not differ.
     */
    FAST,
    /** In F32, at the latest after each 128 of the summed dimension. */
    EXACT
}
