package dev.ottava.cuda;

import dev.ottava.binding.Native;

/**
 * What a matrix product is, all but its addresses: {@code D[m, n] = scale · A[m, k] · B[n, k]ᵀ (+ bias[n]) (+ D)}, row-major, accumulated in F32.
 *
 * @param dDtype of D and of the bias: a code of the C ABI; F32, or BF16
 * @param dPitch elements from one row of D to the next, as the other pitches
 * @param aDtype F32, BF16, E4M3 or E5M2
 * @param aTransposed A lies as [k, m]
 * @param bDtype as aDtype; two formats of 8 bits may differ, but not both be E5M2
 * @param bTransposed B lies as [k, n]
 * @param bias whether a bias is added
 * @param accumulate whether to add to what D holds
 * @param aScale how A is scaled; NONE unless it is of 8 bits
 * @param bScale how B is scaled
 * @param fast of 8-bit operands: sums may stay where the tensor cores accumulate them, which on Hopper keeps about 14 bits
 */
public record Product(
        int dDtype,
        long dPitch,
        int aDtype,
        long aPitch,
        boolean aTransposed,
        int bDtype,
        long bPitch,
        boolean bTransposed,
        long m,
        long n,
        long k,
        boolean bias,
        boolean accumulate,
        Scale aScale,
        Scale bScale,
        boolean fast) {
    /** Scales of an operand [rows, k], F32 on the device; they multiply. The order of many is that of cuBLAS's documentation, "Narrow precision data types usage". */
    public enum Scale {
        NONE,
        /** One for all. */
        TENSOR,
        /** One for each row and 128 of k: [ceil(k / 128), rows]. */
        VECTOR_128,
        /** One for each 128 rows and 128 of k: [ceil(rows / 128), ceil(k / 128) rounded up to a multiple of 4]. */
        BLOCK_128
    }

    /**
     * Where the operands of one multiplication are: addresses on the device, 0 for what is absent.
     *
     * @param d overlaps no other operand
     */
    public record Operands(long d, long a, long b, long bias, long aScale, long bScale) {}

    /** The product of operands of one dtype, without scales. */
    public static Product of(
            int dDtype,
            long dPitch,
            int operandDtype,
            long aPitch,
            boolean aTransposed,
            long bPitch,
            boolean bTransposed,
            long m,
            long n,
            long k,
            boolean bias,
            boolean accumulate) {
        return new Product(
                dDtype,
                dPitch,
                operandDtype,
                aPitch,
                aTransposed,
                operandDtype,
                bPitch,
                bTransposed,
                m,
                n,
                k,
                bias,
                accumulate,
                Scale.NONE,
                Scale.NONE,
                false);
    }

    /** The dense product of 8-bit operands that lie as [m, k] and [n, k], the layout that the tensor cores of Hopper have for them. */
    public static Product scaled(
            int dDtype, int aDtype, Scale aScale, int bDtype, Scale bScale, long m, long n, long k, boolean fast) {
        return new Product(dDtype, n, aDtype, k, false, bDtype, k, false, m, n, k, false, false, aScale, bScale, fast);
    }

    @Override
    public String toString() {
        return name(dDtype) + "[" + m + ", " + n + "] = " + name(aDtype) + "[" + m + ", " + k + "]"
                + (aTransposed ? " transposed" : "") + " times " + name(bDtype) + "[" + n + ", " + k + "]"
                + (bTransposed ? " transposed" : "") + (bias ? " with bias" : "") + (accumulate ? " accumulated" : "")
                + (aScale == Scale.NONE && bScale == Scale.NONE
                        ? ""
                        : " scaled by " + aScale + " and " + bScale + (fast ? ", fast" : ""));
    }

    private static String name(int dtype) {
        return switch (dtype) {
            case Native.OTTAVA_F32 -> "F32";
            case Native.OTTAVA_BF16 -> "BF16";
            case Native.OTTAVA_E4M3 -> "E4M3";
            case Native.OTTAVA_E5M2 -> "E5M2";
            default -> "dtype " + dtype;
        };
    }
}
