package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Quantize;
import dev.ottava.kernel.QuantizedMatrix;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.kernel.Scaling;

/** {@link Saving#FP8}: a matrix as E4M3 in groups of 16. */
final class Fp8Groups implements Saving.Saved {
    private final QuantizedMatrix matrix;
    private final DType dtype;

    private Fp8Groups(QuantizedMatrix matrix, DType dtype) {
        this.matrix = matrix;
        this.dtype = dtype;
    }

    /** Of the shape of x [rows, columns], not initialised. */
    static Fp8Groups empty(Tensor x) {
        return new Fp8Groups(
                QuantizedMatrix.empty(
                        x.device().arena(MemoryPurpose.ACTIVATIONS),
                        DType.E4M3,
                        Scaling.GROUPS_16,
                        Layout.CODES,
                        x.size(0),
                        x.size(1)),
                x.dtype());
    }

    static Fp8Groups of(Variable x) {
        Fp8Groups groups = empty(x.value());
        Quantize.quantize(groups.matrix, x.value());
        return groups;
    }

    QuantizedMatrix matrix() {
        return matrix;
    }

    @Override
    public Tensor restore() {
        Device device = matrix.codes().device();
        Tensor x = device.arena(MemoryPurpose.WORKSPACE).empty(dtype, matrix.rows(), matrix.columns());
        Quantize.dequantize(x, matrix);
        return x;
    }

    @Override
    public void close() {
        matrix.close();
    }
}
