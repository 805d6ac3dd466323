package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** Root mean square normalisation (Zhang and Sennrich, 2019). */
public final class RmsNorm {
    private static final String BACKWARD = "rms_norm_backward";

    private RmsNorm() {}

    /**
     * {@code y = x / sqrt(mean(x^2) + epsilon) * weight}, row by row.
     *
     * @param y [rows, columns], F32 or BF16
     * @param inverseRms [rows], F32: 1 / sqrt(mean(x^2) + epsilon), which the backward pass needs
     * @param x [rows, columns], as y
     * @param weight [columns], as y
     */
    public static void forward(Tensor y, Tensor inverseRms, Tensor x, Tensor weight, double epsilon) {
        DType dtype = Check.floating("rms_norm", x, y, weight);
        Check.that(x.rank() == 2, "rms_norm", "x is " + x + ", not a matrix");
        Check.shape("rms_norm", "y", y, x.size(0), x.size(1));
        Check.shape("rms_norm", "weight", weight, x.size(1));
        Check.dtype("rms_norm", "inverseRms", inverseRms, DType.F32);
        Check.count("rms_norm", "inverseRms", inverseRms, x.size(0));
        Status.check(Native.ottava_rms_norm_forward(
                x.device().stream(),
                dtype.code(),
                y.address(),
                inverseRms.address(),
                x.address(),
                weight.address(),
                x.size(0),
                x.size(1),
                epsilon));
    }

    /**
     * The gradients of x and of the weight.
     *
     * @param dX [rows, columns], as x; {@code accumulateDX} adds to what it holds, as a residual connection wants
     * @param dWeight [columns], F32; {@code accumulateDWeight} adds to what it holds
     * @param dY [rows, columns], as x
     * @param inverseRms [rows], F32, from the forward pass
     */
    public static void backward(
            Tensor dX,
            boolean accumulateDX,
            Tensor dWeight,
            boolean accumulateDWeight,
            Tensor dY,
            Tensor x,
            Tensor weight,
            Tensor inverseRms) {
        Rows rows = Rows.of(BACKWARD, x).of(Check.floating(BACKWARD, dY));
        backward(dX, accumulateDX, dWeight, accumulateDWeight, dY, rows, weight, inverseRms);
    }

    /**
     * The same of an x in FP8, E4M3 in GROUPS_16: the bits are those of {@link Quantize#dequantize} to F32 and the gradients in F32, with dX rounded to its
     * dtype, which is that of dY and weight.
     */
    public static void backward(
            Tensor dX,
            boolean accumulateDX,
            Tensor dWeight,
            boolean accumulateDWeight,
            Tensor dY,
            QuantizedMatrix x,
            Tensor weight,
            Tensor inverseRms) {
        Rows rows = Rows.of(BACKWARD, x);
        backward(dX, accumulateDX, dWeight, accumulateDWeight, dY, rows, weight, inverseRms);
    }

    private static void backward(
            Tensor dX,
            boolean accumulateDX,
            Tensor dWeight,
            boolean accumulateDWeight,
            Tensor dY,
            Rows x,
            Tensor weight,
            Tensor inverseRms) {
        DType dtype = Check.floating(BACKWARD, dY, dX, weight);
        x.matching(x.rows(), x.columns(), dY, dWeight, inverseRms);
        Check.shape(BACKWARD, "dX", dX, x.rows(), x.columns());
        Check.shape(BACKWARD, "dY", dY, x.rows(), x.columns());
        Check.shape(BACKWARD, "weight", weight, x.columns());
        Check.dtype(BACKWARD, "dWeight", dWeight, DType.F32);
        Check.shape(BACKWARD, "dWeight", dWeight, x.columns());
        Check.dtype(BACKWARD, "inverseRms", inverseRms, DType.F32);
        Check.count(BACKWARD, "inverseRms", inverseRms, x.rows());
        Status.check(Native.ottava_rms_norm_backward(
                dY.device().stream(),
                dtype.code(),
                dX.address(),
                Check.flag(accumulateDX),
                dWeight.address(),
                Check.flag(accumulateDWeight),
                dY.address(),
                x.values().address(),
                x.pitch(),
                Check.address(x.scales()),
                weight.address(),
                inverseRms.address(),
                x.rows(),
                x.columns()));
    }
}
