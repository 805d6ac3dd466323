package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.RmsNorm;
import dev.ottava.kernel.Scaling;
import java.util.List;

/**
 * Operations on saved activations, E4M3 in groups of 16 with BF16 scales, beside a copy of as many bytes; tensors beside them are BF16, what leaves in FP8 is
 * scaled in blocks. Bytes: what is read once, what is written; 1⅛ an element of what is saved. Operations: those of the suites, one an element to widen it, and 3
 * an element to quantise.
 */
final class SavedCases {
    private static final double EPSILON = 1e-5;
    private static final double SAVED = 1 + 2.0 / 16;
    private static final double BLOCK_SCALE = 4.0 / (128 * 128);

    private SavedCases() {}

    static List<Case> quantize(Scale scale) {
        long rows = scale.rows();
        long columns = scale.hidden();
        Work plain = work(rows, columns, 2 + SAVED, 3);
        Work sum = work(rows, columns, 3 * 2 + SAVED, 4);
        return List.of(
                one("quantize groups", rows, columns, plain, tensors -> {
                    Tensor x = tensors.random(DType.BF16, rows, columns);
                    QuantizedMatrix q = empty(tensors, Scaling.GROUPS_16, Layout.CODES, DType.E4M3, rows, columns);
                    return () -> Quantize.quantize(q, x);
                }),
                one("add quantize groups", rows, columns, sum, tensors -> {
                    Tensor a = tensors.random(DType.BF16, rows, columns);
                    Tensor b = tensors.random(DType.BF16, rows, columns);
                    Tensor y = tensors.empty(DType.BF16, rows, columns);
                    QuantizedMatrix twin = empty(tensors, Scaling.GROUPS_16, Layout.CODES, DType.E4M3, rows, columns);
                    return () -> Quantize.addAndQuantize(y, twin, a, b);
                }));
    }

    static List<Case> norm(Scale scale) {
        long rows = scale.rows();
        long columns = scale.hidden();
        Work forward = work(rows, columns, SAVED + 1 + BLOCK_SCALE, 8);
        Work backward = work(rows, columns, SAVED + 2 * 2, 11);
        return List.of(
                one("rms_norm of saved, forward", rows, columns, forward, tensors -> {
                    QuantizedMatrix x = saved(tensors, rows, columns);
                    Tensor weight = tensors.random(DType.BF16, columns);
                    Tensor inverseRms = tensors.empty(DType.F32, rows);
                    QuantizedMatrix y = empty(tensors, Scaling.BLOCKS_128, Layout.CODES, DType.E4M3, rows, columns);
                    return () -> Quantize.rmsNorm(y, inverseRms, x, weight, EPSILON);
                }),
                one("rms_norm of saved, transposed again", rows, columns, forward, tensors -> {
                    QuantizedMatrix x = saved(tensors, rows, columns);
                    Tensor weight = tensors.random(DType.BF16, columns);
                    Tensor inverseRms = tensors.random(DType.F32, rows);
                    QuantizedMatrix y =
                            empty(tensors, Scaling.BLOCKS_128, Layout.TRANSPOSED, DType.E4M3, rows, columns);
                    y.scales().fill(1);
                    return () -> Quantize.rmsNormWithScales(y, inverseRms, x, weight);
                }),
                one("rms_norm of saved, backward", rows, columns, backward, tensors -> {
                    QuantizedMatrix x = saved(tensors, rows, columns);
                    Tensor dY = tensors.random(DType.BF16, rows, columns);
                    Tensor weight = tensors.random(DType.BF16, columns);
                    Tensor inverseRms = tensors.random(DType.F32, rows);
                    Tensor dX = tensors.empty(DType.BF16, rows, columns);
                    Tensor dWeight = tensors.empty(DType.F32, columns);
                    return () -> RmsNorm.backward(dX, false, dWeight, false, dY, x, weight, inverseRms);
                }));
    }

    static List<Case> activation(Scale scale) {
        long rows = scale.rows();
        long columns = scale.intermediate();
        Work forward = work(rows, columns, 2 * SAVED + 1 + BLOCK_SCALE, 10);
        Work backward = work(rows, columns, 2 * SAVED + 2 + 2 * (2 + BLOCK_SCALE), 20);
        return List.of(
                one("swiglu of saved, forward", rows, columns, forward, tensors -> {
                    QuantizedMatrix gate = saved(tensors, rows, columns);
                    QuantizedMatrix up = saved(tensors, rows, columns);
                    QuantizedMatrix y = empty(tensors, Scaling.BLOCKS_128, Layout.CODES, DType.E4M3, rows, columns);
                    return () -> Quantize.swiGlu(y, gate, up);
                }),
                one("swiglu of saved, backward", rows, columns, backward, tensors -> {
                    QuantizedMatrix gate = saved(tensors, rows, columns);
                    QuantizedMatrix up = saved(tensors, rows, columns);
                    Tensor dY = tensors.random(DType.BF16, rows, columns);
                    QuantizedMatrix dGate = empty(tensors, Scaling.BLOCKS_128, Layout.BOTH, DType.E5M2, rows, columns);
                    QuantizedMatrix dUp = empty(tensors, Scaling.BLOCKS_128, Layout.BOTH, DType.E5M2, rows, columns);
                    return () -> Quantize.swiGluBackward(dGate, dUp, dY, gate, up);
                }));
    }

    private interface Operation {
        Runnable on(Tensors tensors);
    }

    private static Case one(String name, long rows, long columns, Work work, Operation operation) {
        return Case.cold(
                name,
                Scale.shape(rows, columns),
                DType.BF16,
                work,
                tensors -> tensors.besideCopy(work.bytes(), operation.on(tensors)));
    }

    private static Work work(long rows, long columns, double bytes, double operations) {
        double elements = (double) rows * columns;
        return new Work(bytes * elements, operations * elements);
    }

    private static QuantizedMatrix empty(
            Tensors tensors, Scaling scaling, Layout layout, DType format, long rows, long columns) {
        return tensors.own(QuantizedMatrix.empty(
                tensors.device().arena(MemoryPurpose.WORKSPACE), format, scaling, layout, rows, columns));
    }

    private static QuantizedMatrix saved(Tensors tensors, long rows, long columns) {
        QuantizedMatrix q = empty(tensors, Scaling.GROUPS_16, Layout.CODES, DType.E4M3, rows, columns);
        Quantize.quantize(q, tensors.random(DType.BF16, rows, columns));
        return q;
    }
}
