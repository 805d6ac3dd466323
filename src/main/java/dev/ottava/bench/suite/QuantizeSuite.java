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
import dev.ottava.kernel.Scaling;
import java.util.ArrayList;
import java.util.List;

/**
 * Quantisation of BF16 to E4M3, codes and transposed codes, beside a copy of as many bytes. Bytes: what is read once, two codes an element, scales. Operations:
 * 3 an element (magnitude, maximum, division), and those of what is fused. What is made of saved activations is in {@link SavedCases}.
 */
final class QuantizeSuite implements Suite {
    private static final double EPSILON = 1e-5;

    @Override
    public List<Case> cases(Scale scale) {
        long rows = scale.rows();
        List<Case> cases = new ArrayList<>();
        for (Scaling scaling : List.of(Scaling.BLOCKS_128, Scaling.PER_TENSOR)) {
            String how = scaling == Scaling.BLOCKS_128 ? "blocks" : "tensor";
            cases.add(plain("quantize " + how, scaling, rows, scale.hidden()));
            cases.add(rmsNorm("rms_norm quantize " + how, scaling, rows, scale.hidden()));
            cases.add(swiGlu("swiglu quantize " + how, scaling, rows, scale.intermediate()));
        }
        cases.addAll(SavedCases.quantize(scale));
        return cases;
    }

    private static Work work(long rows, long columns, Scaling scaling, double bytesRead, double operations) {
        double elements = (double) rows * columns;
        long[] shape = scaling.scalesShape(rows, columns);
        double scales = shape.length == 1 ? 1 : (double) shape[0] * shape[1];
        return new Work((bytesRead + 2) * elements + 4 * scales, operations * elements);
    }

    private static QuantizedMatrix codes(Tensors tensors, Scaling scaling, long rows, long columns) {
        return tensors.own(QuantizedMatrix.empty(
                tensors.device().arena(MemoryPurpose.WORKSPACE), DType.E4M3, scaling, Layout.BOTH, rows, columns));
    }

    private static Case plain(String name, Scaling scaling, long rows, long columns) {
        Work work = work(rows, columns, scaling, 2, 3);
        return Case.cold(name, Scale.shape(rows, columns), DType.BF16, work, tensors -> {
            Tensor x = tensors.random(DType.BF16, rows, columns);
            QuantizedMatrix q = codes(tensors, scaling, rows, columns);
            return tensors.besideCopy(work.bytes(), () -> Quantize.quantize(q, x));
        });
    }

    private static Case rmsNorm(String name, Scaling scaling, long rows, long columns) {
        Work work = work(rows, columns, scaling, 2, 7);
        return Case.cold(name, Scale.shape(rows, columns), DType.BF16, work, tensors -> {
            Tensor x = tensors.random(DType.BF16, rows, columns);
            Tensor weight = tensors.random(DType.BF16, columns);
            Tensor inverseRms = tensors.empty(DType.F32, rows);
            QuantizedMatrix q = codes(tensors, scaling, rows, columns);
            return tensors.besideCopy(work.bytes(), () -> Quantize.rmsNorm(q, inverseRms, x, weight, EPSILON));
        });
    }

    private static Case swiGlu(String name, Scaling scaling, long rows, long columns) {
        Work work = work(rows, columns, scaling, 4, 8);
        return Case.cold(name, Scale.shape(rows, columns), DType.BF16, work, tensors -> {
            Tensor gate = tensors.random(DType.BF16, rows, columns);
            Tensor up = tensors.random(DType.BF16, rows, columns);
            QuantizedMatrix q = codes(tensors, scaling, rows, columns);
            return tensors.besideCopy(work.bytes(), () -> Quantize.swiGlu(q, gate, up));
        });
    }
}
