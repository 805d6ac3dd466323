package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Work;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Rope;
import dev.ottava.kernel.SwiGlu;
import java.util.ArrayList;
import java.util.List;

/**
 * What runs over activations element by element, beside a copy of as many bytes. SwiGLU forward: gate and up in, y out; 5 operations an element.
 * Backward: dY, gate and up in, two gradients out; 12. Residual add: two in, one out; 1. Rope: x in and out, its tables stay in the cache; 3.
 */
final class ActivationSuite implements Suite {
    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (DType dtype : scale.dtypes()) {
            cases.add(swigluForward(scale, dtype));
            cases.add(swigluBackward(scale, dtype));
            cases.add(add(scale, dtype));
            cases.add(rope(scale, dtype));
        }
        cases.addAll(SavedCases.activation(scale));
        return cases;
    }

    private static Case swigluForward(Scale scale, DType dtype) {
        long[] shape = {scale.rows(), scale.intermediate()};
        double elements = (double) shape[0] * shape[1];
        Work work = new Work(3 * elements * dtype.bytes(), 5 * elements);
        return Case.cold("swiglu forward", Scale.shape(shape), dtype, work, tensors -> {
            Tensor gate = tensors.random(dtype, shape);
            Tensor up = tensors.random(dtype, shape);
            Tensor y = tensors.empty(dtype, shape);
            return tensors.besideCopy(work.bytes(), () -> SwiGlu.forward(y, gate, up));
        });
    }

    private static Case swigluBackward(Scale scale, DType dtype) {
        long[] shape = {scale.rows(), scale.intermediate()};
        double elements = (double) shape[0] * shape[1];
        Work work = new Work(5 * elements * dtype.bytes(), 12 * elements);
        return Case.cold("swiglu backward", Scale.shape(shape), dtype, work, tensors -> {
            Tensor gate = tensors.random(dtype, shape);
            Tensor up = tensors.random(dtype, shape);
            Tensor dY = tensors.random(dtype, shape);
            Tensor dGate = tensors.empty(dtype, shape);
            Tensor dUp = tensors.empty(dtype, shape);
            return tensors.besideCopy(work.bytes(), () -> SwiGlu.backward(dGate, dUp, dY, gate, up));
        });
    }

    private static Case add(Scale scale, DType dtype) {
        long[] shape = {scale.rows(), scale.hidden()};
        double elements = (double) shape[0] * shape[1];
        Work work = new Work(3 * elements * dtype.bytes(), elements);
        return Case.cold("add", Scale.shape(shape), dtype, work, tensors -> {
            Tensor a = tensors.random(dtype, shape);
            Tensor b = tensors.random(dtype, shape);
            Tensor out = tensors.empty(dtype, shape);
            return tensors.besideCopy(work.bytes(), () -> Elementwise.add(out, a, b));
        });
    }

    private static Case rope(Scale scale, DType dtype) {
        long sequence = scale.sequence();
        long[] shape = {scale.batch() * sequence, scale.heads(), scale.headDim()};
        double elements = (double) shape[0] * shape[1] * shape[2];
        Work work = new Work(2 * elements * dtype.bytes(), 3 * elements);
        return Case.cold("rope", Scale.shape(shape), dtype, work, tensors -> {
            Tensor x = tensors.random(dtype, shape);
            Tensor cosine = tensors.random(DType.F32, sequence, scale.headDim() / 2);
            Tensor sine = tensors.random(DType.F32, sequence, scale.headDim() / 2);
            return tensors.besideCopy(work.bytes(), () -> Rope.apply(x, cosine, sine, sequence, 0, false));
        });
    }
}
