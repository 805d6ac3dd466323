package dev.ottava.autograd;

import dev.ottava.core.Tensor;

/**
 * A form in which a tensor waits for the backward pass. {@link SavingPolicy} says where it is used; research code adds a form by implementing this:
 *
 * <pre>{@code
 * Saving onHost = x -> {
 *     Tensor value = x.value();
 *     float[] copy = value.toFloats();
 *     return () -> value.device().empty(value.dtype(), value.shape()).copyFrom(copy);
 * };
 * }</pre>
 */
@FunctionalInterface
public interface Saving {
    /** What was saved. */
    @FunctionalInterface
    interface Saved extends AutoCloseable {
        /** The tensor again, in its dtype and shape, or something near it. The caller closes it; it may be asked for more than once. */
        Tensor restore();

        /** Frees what was saved. */
        @Override
        default void close() {}
    }

    /** Saves the value of x, which may be freed or overwritten afterwards. Called once for each variable, however many operations save it. */
    Saved save(Variable x);

    /** As it was computed: its own memory is held, nothing is copied. */
    Saving AS_COMPUTED = StandardSaving.AS_COMPUTED;

    /**
     * E4M3 in groups of 16 with BF16 scales: 9/16 of BF16's bytes (COAT, section 5). RMSNorm and the gated activation in FP8 read this form in the forward pass
     * too, so that both passes see the same numbers.
     */
    Saving FP8 = StandardSaving.FP8;

    /**
     * Nothing: an operand of products in FP8 is quantised again, with the scales it had, from what its producer saves. Where nothing was quantised, the same as
     * {@link #AS_COMPUTED}.
     */
    Saving AGAIN = StandardSaving.AGAIN;
}
