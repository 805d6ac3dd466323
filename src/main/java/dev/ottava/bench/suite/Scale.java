package dev.ottava.bench.suite;

import dev.ottava.core.DType;
import java.util.List;
import java.util.stream.Stream;

/**
 * How large the cases are: the layer of a Llama that the shapes are taken from.
 *
 * @param squares m = n = k of the square products
 * @param rows tokens at once, in operations that do not care about sequences
 * @param dtypes of the cases, in turn
 */
public record Scale(
        boolean large,
        List<Integer> squares,
        int rows,
        int hidden,
        int intermediate,
        int heads,
        int kvHeads,
        int headDim,
        int vocabulary,
        int batch,
        int sequence,
        List<DType> dtypes) {
    /** What a processor gets through: hidden 1024. */
    public static final Scale PROCESSOR = new Scale(
            false,
            List.of(256, 512, 1024, 2048),
            2048,
            1024,
            2752,
            16,
            8,
            64,
            4096,
            2,
            1024,
            List.of(DType.F32, DType.BF16));

    /** The layer of Llama 3 8B. */
    public static final Scale GPU = new Scale(
            true,
            List.of(1024, 2048, 4096, 8192),
            8192,
            4096,
            14336,
            32,
            8,
            128,
            128256,
            2,
            4096,
            List.of(DType.F32, DType.BF16));

    /** The one for a device of that name. */
    public static Scale of(String device) {
        return device.startsWith("cuda") ? GPU : PROCESSOR;
    }

    /** With other square products. */
    public Scale withSquares(List<Integer> sizes) {
        return new Scale(
                large, sizes, rows, hidden, intermediate, heads, kvHeads, headDim, vocabulary, batch, sequence, dtypes);
    }

    /** With one dtype. */
    public Scale withDType(DType dtype) {
        return new Scale(
                large,
                squares,
                rows,
                hidden,
                intermediate,
                heads,
                kvHeads,
                headDim,
                vocabulary,
                batch,
                sequence,
                List.of(dtype));
    }

    /** Prompts of {@link SparseAttentionSuite}. */
    List<Integer> prompts() {
        return large ? List.of(8192, 16384, 32768, 65536, 131072) : List.of(1024, 2048);
    }

    /** Of models: E4M3 stands for linear layers in FP8 and the rest in BF16. */
    List<DType> modelDTypes() {
        return dtypes.contains(DType.BF16)
                ? Stream.concat(dtypes.stream(), Stream.of(DType.E4M3)).toList()
                : dtypes;
    }

    /** {@code a x b x c}. */
    static String shape(long... sizes) {
        StringBuilder shape = new StringBuilder();
        for (long size : sizes) {
            shape.append(shape.isEmpty() ? "" : " x ").append(size);
        }
        return shape.toString();
    }
}
