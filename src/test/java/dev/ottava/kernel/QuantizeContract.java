package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import dev.ottava.oracle.Float8Oracle;
import dev.ottava.oracle.QuantizeOracle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** What the contract tests of quantisation share. */
abstract class QuantizeContract extends Contract {
    static final List<DType> FORMATS = List.of(DType.E4M3, DType.E5M2);

    private static final int SPECIAL_BLOCKS = 12;

    static Float8Oracle oracle(DType format) {
        return Float8Oracle.valueOf(format.name());
    }

    static QuantizeOracle.Blocks blocks(Scaling scaling, int rows, int columns) {
        return switch (scaling) {
            case PER_TENSOR -> new QuantizeOracle.Blocks(rows, columns, false);
            case BLOCKS_128 -> new QuantizeOracle.Blocks(128, 128, false);
            case GROUPS_16 -> new QuantizeOracle.Blocks(1, 16, true);
        };
    }

    /** A matrix between guard bands. Its rows of codes are longer than they have to be by {@code more}, a multiple of 16. */
    static QuantizedMatrix matrix(
            Workbench bench, DType format, Scaling scaling, Layout layout, int rows, int columns, int more) {
        return new QuantizedMatrix(
                rows,
                columns,
                layout == Layout.TRANSPOSED
                        ? null
                        : bench.empty(format, rows, QuantizeOracle.filledUp(columns) + (long) more),
                layout == Layout.CODES
                        ? null
                        : bench.empty(format, columns, QuantizeOracle.filledUp(rows) + (long) more),
                scaling,
                bench.empty(scaling == Scaling.GROUPS_16 ? DType.BF16 : DType.F32, scaling.scalesShape(rows, columns)));
    }

    static Layout everyCopy(Scaling scaling) {
        return scaling == Scaling.GROUPS_16 ? Layout.CODES : Layout.BOTH;
    }

    /** The tensors that the matrix has: copies of the codes, scales. */
    static List<Tensor> tensors(QuantizedMatrix... matrices) {
        List<Tensor> tensors = new ArrayList<>();
        for (QuantizedMatrix matrix : matrices) {
            for (Tensor tensor : Arrays.asList(matrix.codes(), matrix.transposed(), matrix.scales())) {
                if (tensor != null) {
                    tensors.add(tensor);
                }
            }
        }
        return tensors;
    }

    /** Names an operation on a bench and the tensors that it leaves. */
    interface Operation extends Function<Workbench, List<Tensor>> {}

    /** What is fused leaves the same bits as what it is composed of, but for those that NaNs differ in. */
    final void compare(Operation fused, Operation composed) {
        List<Output> expected = run(composed);
        List<Output> actual = run(fused);
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            Output output = actual.get(i);
            if (output.dtype().bytes() > 1) {
                assertArrayEquals(expected.get(i).floats(), output.floats(), output.name());
            } else {
                assertEquals(-1, expected.get(i).bytes().mismatch(output.bytes()), output.name());
            }
        }
    }

    static List<Tensor> and(List<Tensor> tensors, Tensor... more) {
        List<Tensor> all = new ArrayList<>(tensors);
        all.addAll(List.of(more));
        return all;
    }

    /** Codes are those expected, and behind each row all bits are as they were, set. */
    static void assertCodes(byte[] expected, int pitch, Output actual, int more) {
        byte[] bytes = new byte[actual.bytes().limit()];
        actual.bytes().get(0, bytes);
        byte[] all = new byte[bytes.length];
        Arrays.fill(all, (byte) -1);
        for (int i = 0; i * pitch < expected.length; i++) {
            System.arraycopy(expected, i * pitch, all, i * (pitch + more), pitch);
        }
        assertArrayEquals(all, bytes, actual::name);
    }

    static void assertScales(float[] expected, Output actual) {
        float[] scales = actual.floats();
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], scales[i], actual.name());
        }
        assertEquals(expected.length, scales.length);
    }

    /** Normal values, whose size differs from row to row and from column to column. */
    final float[] matrix(DType dtype, int rows, int columns) {
        float[] x = new float[rows * columns];
        for (int i = 0; i < x.length; i++) {
            double size = Math.exp(Math.sin(i / columns * 0.05) * 3 + Math.cos(i % columns * 0.07) * 3);
            x[i] = round(dtype, (float) (size * random.nextGaussian()));
        }
        return x;
    }

    /** A matrix of 12 kinds of blocks side by side, of so many columns. */
    final float[] special(DType dtype, int rows, int block) {
        int columns = SPECIAL_BLOCKS * block;
        float[] x = new float[rows * columns];
        for (int i = 0; i < rows; i++) {
            for (int kind = 0; kind < SPECIAL_BLOCKS; kind++) {
                for (int j = 0; j < block; j++) {
                    boolean one = i == rows / 2 && j == block / 3;
                    float normal = (float) random.nextGaussian();
                    x[i * columns + kind * block + j] = round(
                            dtype,
                            switch (kind) {
                                case 0 -> 0;
                                case 1 -> 0.1f;
                                case 2 -> one ? Float.NaN : normal;
                                case 3 -> one ? Float.NEGATIVE_INFINITY : normal;
                                case 4 -> normal * 0x1p-140f; // subnormal: the scale is 2^-126
                                case 5 -> -Math.abs(normal);
                                case 6 -> one ? -Float.MIN_VALUE * 0x1p20f : -0f;
                                case 7 -> normal * 0x1p124f;
                                case 8 -> one ? Float.POSITIVE_INFINITY : Float.NaN;
                                case 9 -> normal * 0x1p-118f; // amax / largest is about 2^-126
                                case 10 -> one ? 1e4f : normal * 1e-3f; // most codes are subnormal
                                default -> (i + j) % 61 * 0.25f - 7; // ties
                            });
                }
            }
        }
        return x;
    }
}
