package dev.ottava.kernel;

import dev.ottava.binding.Native;

/** Which elements of a quantised matrix share a scale. */
public enum Scaling {
    /** All of them: one F32. */
    PER_TENSOR(Native.OTTAVA_PER_TENSOR),
    /** Blocks of 128 by 128 rows and columns: F32 [ceil(rows / 128), ceil(columns / 128)], shared by a transposed copy. */
    BLOCKS_128(Native.OTTAVA_BLOCKS_128),
    /** Groups of 16 in a row (COAT): BF16 [rows, ceil(columns / 16)]. For storage; products take the other two. */
    GROUPS_16(Native.OTTAVA_GROUPS_16);

    private final int code;

    Scaling(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    /** The shape of the scales of a matrix. */
    public long[] scalesShape(long rows, long columns) {
        return switch (this) {
            case PER_TENSOR -> new long[] {1};
            case BLOCKS_128 -> new long[] {(rows + 127) / 128, (columns + 127) / 128};
            case GROUPS_16 -> new long[] {rows, (columns + 15) / 16};
        };
    }
}
