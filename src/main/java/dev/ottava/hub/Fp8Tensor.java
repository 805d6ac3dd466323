package dev.ottava.hub;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.core.UnsupportedException;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.Scaling;

/**
 * A matrix in FP8 as transformers stores it: codes of E4M3, and beside them {@code <name>_scale_inv} with a number for each block of 128 by 128 that the codes are
 * multiplied with.
 */
final class Fp8Tensor {
    private static final String SCALES = "_scale_inv";

    private Fp8Tensor() {}

    static String scalesOf(String weight) {
        return weight + SCALES;
    }

    /** The weight that a tensor of that name has the scales of, or null. */
    static String weightOf(String scales) {
        return scales.endsWith(SCALES) ? scales.substring(0, scales.length() - SCALES.length()) : null;
    }

    static boolean is(SafetensorsFile file, String name) {
        return file.type(name).equals(SafetensorsType.F8_E4M3.name());
    }

    /** Refuses scales of a wrong shape or type, and matrices that products of FP8 do not take. */
    static void check(SafetensorsFile file, String name, SafetensorsFile scalesFile, long[] shape) {
        if (shape.length != 2 || shape[1] % 16 != 0) {
            throw new UnsupportedException(file.path() + ": tensor '" + Messages.line(name)
                    + "' is F8_E4M3: only matrices with rows of a multiple of 16 are read from it");
        }
        scalesFile.requireShape(scalesOf(name), Scaling.BLOCKS_128.scalesShape(shape[0], shape[1]));
        scalesFile.requireReadable(scalesOf(name), DType.F32);
    }

    /** Reads codes and scales as they are, or what they stand for into a weight that is stored otherwise. */
    static void read(SafetensorsFile file, SafetensorsFile scalesFile, Parameter parameter) {
        String name = parameter.name();
        if (parameter.isFp8() && !parameter.powerOfTwoScales()) {
            file.read(name, parameter.weight());
            scalesFile.read(scalesOf(name), parameter.scales());
            return;
        }
        Tensor weight = parameter.weight();
        long[] blocks = Scaling.BLOCKS_128.scalesShape(weight.size(0), weight.size(1));
        try (Tensor scales = weight.device().empty(DType.F32, blocks);
                Tensor panel =
                        weight.device().empty(DType.E4M3, Math.min(Panels.ROWS, weight.size(0)), weight.size(1))) {
            scalesFile.read(scalesOf(name), scales);
            Panels.each(parameter, DType.F32, (first, rows) -> {
                Tensor codes = panel.rows(0, rows.size(0));
                file.readRows(name, first, codes);
                Tensor ofCodes = scales.rows(first / Panels.ROWS, first / Panels.ROWS + 1);
                Quantize.dequantize(
                        rows,
                        new QuantizedMatrix(rows.size(0), rows.size(1), codes, null, Scaling.BLOCKS_128, ofCodes));
                parameter.set(first, rows);
            });
        }
    }
}
