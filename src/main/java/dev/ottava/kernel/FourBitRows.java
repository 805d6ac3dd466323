package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;

/**
 * Rows of queries or keys in 4 bits: {@code x - mean ≈ code · scale}, codes from -7 to 7. Which rows share a scale depends on the kind: of queries r and r + 8
 * of each 16, of keys those of each 32 with r % 8 / 2 in common.
 *
 * @param kind whose rows
 * @param codes I32 [batch, heads, capacity, headDim / 8]: eight channels a word, the first in its lowest bits, in two's complement
 * @param scales F32 [batch, heads, scales]: of row r number r / 16 · 8 + r % 8, or r / 32 · 4 + r % 8 / 2
 */
public record FourBitRows(Kind kind, Tensor codes, Tensor scales) implements AutoCloseable {
    private static final String NAME = "four_bit_rows";

    /** Whose rows. */
    public enum Kind {
        QUERIES(Native.OTTAVA_SALE_QUERIES),
        KEYS(Native.OTTAVA_SALE_KEYS);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        long scales(long capacity) {
            return this == QUERIES ? (capacity + 15) / 16 * 8 : (capacity + 31) / 32 * 4;
        }
    }

    /** Checks the tensors. */
    public FourBitRows {
        Check.dtype(NAME, "codes", codes, DType.I32);
        Check.shape(NAME, "codes", codes, -1, -1, -1, -1);
        Check.that(
                codes.size(3) == 8 || codes.size(3) == 16,
                NAME,
                "head_dim " + 8 * codes.size(3) + " is neither 64 nor 128");
        Check.dtype(NAME, "scales", scales, DType.F32);
        Check.shape(NAME, "scales", scales, codes.size(0), codes.size(1), kind.scales(codes.size(2)));
        Check.device(NAME, codes, scales);
    }

    /** Rows that are not initialised. */
    public static FourBitRows empty(Arena arena, Kind kind, long batch, long heads, long capacity, long headDim) {
        Check.that(headDim == 64 || headDim == 128, NAME, "head_dim " + headDim + " is neither 64 nor 128");
        return new FourBitRows(
                kind,
                arena.empty(DType.I32, batch, heads, capacity, headDim / 8),
                arena.empty(DType.F32, batch, heads, kind.scales(capacity)));
    }

    public long heads() {
        return codes.size(1);
    }

    public long capacity() {
        return codes.size(2);
    }

    public long headDim() {
        return 8 * codes.size(3);
    }

    @Override
    public void close() {
        codes.close();
        scales.close();
    }
}
