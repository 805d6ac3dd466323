package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import java.util.Set;

/** Operations on elements one by one, and sums over them. */
public final class Elementwise {
    private static final Set<DType> CAST = Set.of(DType.F32, DType.BF16, DType.F16);

    private Elementwise() {}

    /** {@code destination = source} in the destination's dtype, to nearest even. F32, BF16 and F16 in any combination; as many elements. */
    public static void cast(Tensor destination, Tensor source) {
        Check.that(
                CAST.contains(source.dtype()) && CAST.contains(destination.dtype()),
                "cast",
                source + " to " + destination + ": F32, BF16 and F16 are cast");
        Check.count("cast", "destination", destination, source.count());
        Check.device("cast", source, destination);
        Status.check(Native.ottava_cast(
                source.device().stream(),
                destination.dtype().code(),
                destination.address(),
                source.dtype().code(),
                source.address(),
                source.count()));
    }

    /** {@code out = a + b}. F32 or BF16, as many elements; out may be a or b. */
    public static void add(Tensor out, Tensor a, Tensor b) {
        DType dtype = Check.floating("add", out, a, b);
        Check.count("add", "a", a, out.count());
        Check.count("add", "b", b, out.count());
        Status.check(Native.ottava_add(
                out.device().stream(), dtype.code(), out.address(), a.address(), b.address(), out.count()));
    }

    /** {@code out[0] = sum of x}; both F32. Accumulated in double, in an order that does not depend on the threads. */
    public static void sum(Tensor out, Tensor x) {
        Check.dtype("sum", "out", out, DType.F32);
        Check.dtype("sum", "x", x, DType.F32);
        Check.count("sum", "out", out, 1);
        Check.device("sum", x, out);
        Status.check(Native.ottava_sum(x.device().stream(), out.address(), x.address(), x.count()));
    }

    /** {@code out[0] = sum of the squares of x}; out F32, x F32 or BF16. Accumulated in double. */
    public static void sumSquares(Tensor out, Tensor x) {
        DType dtype = Check.floating("sum_squares", x);
        Check.dtype("sum_squares", "out", out, DType.F32);
        Check.count("sum_squares", "out", out, 1);
        Check.device("sum_squares", x, out);
        Status.check(
                Native.ottava_sum_squares(x.device().stream(), out.address(), dtype.code(), x.address(), x.count()));
    }

    /** {@code out[j] = sum over i of x[i, j]}, added to what out holds if {@code accumulate}; out F32 [columns], x [rows, columns]. */
    public static void columnSum(Tensor out, Tensor x, boolean accumulate) {
        DType dtype = Check.floating("column_sum", x);
        Check.that(x.rank() == 2, "column_sum", "x is " + x + ", not a matrix");
        Check.dtype("column_sum", "out", out, DType.F32);
        Check.count("column_sum", "out", out, x.size(1));
        Check.device("column_sum", x, out);
        Status.check(Native.ottava_column_sum(
                x.device().stream(),
                out.address(),
                dtype.code(),
                x.address(),
                x.size(0),
                x.size(1),
                Check.flag(accumulate)));
    }
}
