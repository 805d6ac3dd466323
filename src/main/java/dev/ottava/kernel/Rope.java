package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** Rotary position embedding (Su et al., 2021), in the half-split layout of Hugging Face Llama: element i turns with i + headDim / 2. */
public final class Rope {
    private Rope() {}

    /**
     * Rotates x in place; token t has position {@code firstPosition + t % sequence}.
     *
     * @param x [tokens, heads, headDim], F32 or BF16
     * @param cosine [positions, headDim / 2], F32
     * @param sine as cosine
     * @param sequence tokens of one sequence
     * @param inverse rotate back, which is the gradient
     */
    public static void apply(Tensor x, Tensor cosine, Tensor sine, long sequence, long firstPosition, boolean inverse) {
        DType dtype = Check.floating("rope", x);
        Check.that(x.rank() == 3, "rope", "x is " + x + ", not [tokens, heads, head_dim]");
        Check.that(x.size(2) % 2 == 0, "rope", "head_dim " + x.size(2) + " is odd");
        Check.that(
                sequence > 0 && x.size(0) % sequence == 0, "rope", x + " does not hold whole sequences of " + sequence);
        Check.dtype("rope", "cosine", cosine, DType.F32);
        Check.dtype("rope", "sine", sine, DType.F32);
        Check.shape("rope", "cosine", cosine, -1, x.size(2) / 2);
        Check.shape("rope", "sine", sine, cosine.size(0), x.size(2) / 2);
        Check.that(
                firstPosition >= 0 && firstPosition + sequence <= cosine.size(0),
                "rope",
                "positions " + firstPosition + " to " + (firstPosition + sequence) + " are more than the model's "
                        + cosine.size(0));
        Status.check(Native.ottava_rope(
                x.device().stream(),
                dtype.code(),
                x.address(),
                x.size(1) * x.size(2),
                cosine.address(),
                sine.address(),
                x.size(0),
                sequence,
                firstPosition,
                cosine.size(0),
                x.size(1),
                x.size(2),
                Check.flag(inverse)));
    }
}
