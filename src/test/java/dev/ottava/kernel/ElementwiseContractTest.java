package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.HalfOracle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ElementwiseContractTest extends Contract {
    private static final int[] COUNTS = {1, 15, 16, 17, 127, 20_011};
    private static final List<DType> CAST = List.of(DType.F32, DType.BF16, DType.F16);

    /** An element as its bits, and what the bits mean. */
    private static double value(DType dtype, int bits) {
        return switch (dtype) {
            case F32 -> Float.intBitsToFloat(bits);
            case BF16 -> HalfOracle.BF16.value((short) bits);
            default -> HalfOracle.F16.value((short) bits);
        };
    }

    private static int nearest(DType dtype, double value) {
        return switch (dtype) {
            case F32 -> Float.floatToRawIntBits((float) value);
            case BF16 -> HalfOracle.BF16.nearest(value);
            default -> HalfOracle.F16.nearest(value);
        };
    }

    private static ByteBuffer pack(DType dtype, int[] elements) {
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(elements.length * dtype.bytes()).order(ByteOrder.nativeOrder());
        for (int bits : elements) {
            if (dtype.bytes() == 4) {
                bytes.putInt(bits);
            } else {
                bytes.putShort((short) bits);
            }
        }
        return bytes.flip();
    }

    /**
     * All elements of a dtype of 16 bits. Of F32: every number of BF16 and F16, the middle to the next and what is
     * beside it, and others at random.
     */
    private int[] elements(DType dtype) {
        if (dtype != DType.F32) {
            return IntStream.range(-3, 1 << 16).toArray(); // three twice, for a tail
        }
        IntStream.Builder elements = IntStream.builder();
        for (HalfOracle format : HalfOracle.values()) {
            for (int bits = 0; bits < 1 << 16; bits++) {
                double here = format.value((short) bits);
                double next = format.value((short) (bits + 1));
                // What lies beyond the largest number is rounded as if there were one more.
                float middle = (float)
                        (Double.isInfinite(next)
                                ? here * 1.5 - format.value((short) (bits - 1)) * 0.5
                                : (here + next) / 2);
                for (float x : new float[] {(float) here, middle, Math.nextUp(middle), Math.nextDown(middle)}) {
                    elements.add(Float.floatToRawIntBits(x));
                }
            }
        }
        random.ints(100_003).forEach(elements);
        return elements.build().toArray();
    }

    @Test
    void castRoundsToTheNearest() {
        for (DType from : CAST) {
            int[] elements = elements(from);
            ByteBuffer source = pack(from, elements);
            for (DType to : CAST) {
                ByteBuffer actual = run(bench -> {
                            Tensor x = bench.empty(from, elements.length).copyFrom(source);
                            Tensor y = bench.empty(to, elements.length);
                            Elementwise.cast(y, x);
                            return List.of(y);
                        })
                        .get(0)
                        .bytes();
                for (int element : elements) {
                    int bits = to == DType.F32 ? actual.getInt() : actual.getShort();
                    double value = value(from, element);
                    boolean right = Double.isNaN(value) ? Double.isNaN(value(to, bits)) : bits == nearest(to, value);
                    assertTrue(
                            right,
                            () -> "%s %08x (%s) to %s is %08x, not %08x"
                                    .formatted(from, element, value, to, bits, nearest(to, value)));
                }
            }
        }
    }

    @Test
    void addRoundsOnce() {
        float[] special = {
            0, -0f, 1, Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, Float.POSITIVE_INFINITY, Float.NaN
        };
        for (DType dtype : DTYPES) {
            for (int count : COUNTS) {
                compareAdd(dtype, gaussian(dtype, count, 4), gaussian(dtype, count, 1));
            }
            float[] a = new float[special.length * special.length];
            float[] b = new float[a.length];
            for (int i = 0; i < a.length; i++) {
                a[i] = round(dtype, special[i / special.length]);
                b[i] = round(dtype, -special[i % special.length]);
            }
            compareAdd(dtype, a, b);
        }
    }

    private void compareAdd(DType dtype, float[] a, float[] b) {
        int count = a.length;
        for (String target : List.of("out", "a", "b")) {
            float[] actual = run(bench -> {
                        Tensor x = bench.of(dtype, a, count);
                        Tensor y = bench.of(dtype, b, count);
                        Tensor out = target.equals("out") ? bench.empty(dtype, count) : target.equals("a") ? x : y;
                        Elementwise.add(out, x, y);
                        return List.of(out);
                    })
                    .get(0)
                    .floats();
            for (int i = 0; i < count; i++) {
                float expected = round(dtype, a[i] + b[i]);
                assertEquals(expected, actual[i], dtype + ": " + a[i] + " + " + b[i]);
            }
        }
    }

    @Test
    void fillRoundsAndStaysInside() {
        for (int count : COUNTS) {
            compareFill(DType.F32, count, 0.1, Float.floatToRawIntBits(0.1f));
            compareFill(DType.F32, count, -0.0, Integer.MIN_VALUE);
            compareFill(DType.BF16, count, 1 + 0x3p-8, 0x3f82); // a tie, to even
            compareFill(DType.BF16, count, Double.NEGATIVE_INFINITY, 0xffffff80);
            compareFill(DType.E4M3, count, 0, 0);
            compareFill(DType.E4M3, count, -17, 0xffffffd8); // a tie, to even: -16
            compareFill(DType.E5M2, count, 1e9, 0x7b);
            compareFill(DType.I32, count, -123456789, -123456789);
            compareFill(DType.I16, count, -12345, -12345);
        }
    }

    /** Views whose addresses are multiples of their elements' size alone. */
    @Test
    void tensorsMayBeginAnywhere() {
        int count = 1000;
        for (DType dtype : DTYPES) {
            float[] a = gaussian(dtype, count, 1);
            List<Output> outputs = run(bench -> {
                Tensor x = bench.of(dtype, a, count);
                Tensor sum = bench.of(dtype, a, count);
                Tensor cast = bench.of(DType.F32, a, count);
                Tensor filled = bench.of(dtype, a, count);
                Elementwise.add(sum.rows(3, 900), x.rows(1, 898), x.rows(5, 902));
                Elementwise.cast(cast.rows(3, 900), x.rows(1, 898));
                filled.rows(3, 900).fill(7);
                return List.of(sum, cast, filled);
            });
            for (int i = 0; i < count; i++) {
                boolean inside = i >= 3 && i < 900;
                assertEquals(
                        inside ? round(dtype, a[i - 2] + a[i + 2]) : a[i],
                        outputs.get(0).floats()[i],
                        "add");
                assertEquals(inside ? a[i - 2] : a[i], outputs.get(1).floats()[i], "cast");
                assertEquals(inside ? 7 : a[i], outputs.get(2).floats()[i], "fill");
            }
        }
    }

    private void compareFill(DType dtype, int count, double value, int bits) {
        ByteBuffer actual = run(bench -> List.of(bench.empty(dtype, count).fill(value)))
                .get(0)
                .bytes();
        for (int i = 0; i < count; i++) {
            int found = switch (dtype.bytes()) {
                case 4 -> actual.getInt();
                case 2 -> actual.getShort();
                default -> actual.get();
            };
            assertEquals(bits, found, dtype + " of " + value);
        }
    }

    /** Whole numbers, whose sums a double holds exactly in any order: the result has one rounding, that to F32. */
    private float[] wholeNumbers(int count, int below) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(2 * below) - below;
        }
        return values;
    }

    private void compareSum(DType dtype, float[] values, double expected, BiConsumer<Tensor, Tensor> sum) {
        run(bench -> {
                    Tensor out = bench.empty(DType.F32, 1);
                    sum.accept(out, bench.of(dtype, values, values.length));
                    return List.of(out);
                })
                .get(0)
                .assertNear(new double[] {expected}, 0, 0);
    }

    @Test
    void sumsAreTakenInDouble() {
        for (int count : new int[] {0, 1, 17, 4095, 4096, 4097, 20_011, 1024 * 4096 + 5}) {
            float[] values = wholeNumbers(count, 1 << 24);
            double sum = 0;
            for (float x : values) {
                sum += x;
            }
            compareSum(DType.F32, values, sum, Elementwise::sum);
        }
        compareSum(DType.F32, new float[] {1 << 26, 1, -(1 << 26)}, 1, Elementwise::sum); // 0 in F32
        compareSum(DType.F32, new float[] {3e38f, 3e38f, -3e38f}, 3e38f, Elementwise::sum);
        compareSum(DType.F32, new float[] {3e38f, 3e38f}, Double.POSITIVE_INFINITY, Elementwise::sum);
        compareSum(DType.F32, new float[] {1, Float.NaN}, Double.NaN, Elementwise::sum);
    }

    @Test
    void sumsOfSquaresAreTakenInDouble() {
        for (DType dtype : DTYPES) {
            for (int count : new int[] {0, 1, 17, 4095, 4096, 4097, 20_011}) {
                float[] values = wholeNumbers(count, dtype == DType.BF16 ? 1 << 8 : 1 << 16);
                double sum = 0;
                for (float x : values) {
                    sum += (double) x * x;
                }
                compareSum(dtype, values, sum, Elementwise::sumSquares);
            }
            float small = 0x1p-70f; // its square is less than any F32
            compareSum(dtype, new float[] {small, 1}, 1, Elementwise::sumSquares);
            compareSum(dtype, new float[] {0x1p70f, 1}, Double.POSITIVE_INFINITY, Elementwise::sumSquares);
            compareSum(dtype, new float[] {Float.NaN, 1}, Double.NaN, Elementwise::sumSquares);
        }
    }

    @Test
    void columnSumsAddUpRows() {
        for (DType dtype : DTYPES) {
            for (int rows : new int[] {0, 1, 2, 37}) {
                for (int columns : new int[] {1, 17, 255, 256, 257, 1000}) {
                    compareColumnSum(dtype, rows, columns);
                }
            }
            compareColumnSum(dtype, 4099, 17);
        }
    }

    private void compareColumnSum(DType dtype, int rows, int columns) {
        float[] x = wholeNumbers(rows * columns, 1 << 8);
        float[] before = wholeNumbers(columns, 1 << 8);
        for (boolean accumulate : new boolean[] {false, true}) {
            double[] expected = accumulate ? doubles(before) : new double[columns];
            for (int i = 0; i < x.length; i++) {
                expected[i % columns] += x[i];
            }
            run(bench -> {
                        Tensor out = bench.empty(DType.F32, columns);
                        if (accumulate) {
                            out.copyFrom(before);
                        }
                        Elementwise.columnSum(out, bench.of(dtype, x, rows, columns), accumulate);
                        return List.of(out);
                    })
                    .get(0)
                    .assertNear(expected, 0, 0);
        }
    }

    private void assertRefusedOf(
            BiConsumer<Tensor, Tensor> call, DType out, long[] outShape, DType x, long[] xShape, String... parts) {
        assertRefused(
                bench -> {
                    Tensor first = bench.empty(out, outShape);
                    Tensor second = bench.empty(x, xShape);
                    return () -> call.accept(first, second);
                },
                parts);
    }

    @Test
    void refusals() {
        BiConsumer<Tensor, Tensor> columnSum = (out, x) -> Elementwise.columnSum(out, x, false);
        BiConsumer<Tensor, Tensor> add = (out, x) -> Elementwise.add(out, out, x);
        long[] one = {1};
        long[] three = {3};
        long[] four = {4};
        long[] matrix = {2, 4};
        assertRefusedOf(
                Elementwise::cast, DType.F32, three, DType.BF16, four, "cast: destination", "F32[3]", "4 elements");
        assertRefusedOf(Elementwise::cast, DType.F32, four, DType.I32, four, "cast: I32[4]", "F32, BF16 and F16");
        assertRefusedOf(Elementwise::cast, DType.E4M3, four, DType.F32, four, "to E4M3[4]", "F32, BF16 and F16");
        assertRefusedOf(add, DType.F32, three, DType.F32, four, "add: b is F32[4]", "3 elements");
        assertRefusedOf(add, DType.F32, four, DType.BF16, four, "add", "differ in dtype");
        assertRefusedOf(add, DType.F16, four, DType.F16, four, "add: F16[4]", "neither F32 nor BF16");
        assertRefusedOf(Elementwise::sum, DType.F32, three, DType.F32, four, "sum: out is F32[3]", "1 elements");
        assertRefusedOf(Elementwise::sum, DType.F32, one, DType.BF16, four, "sum: x is BF16[4]", "not F32");
        assertRefusedOf(Elementwise::sum, DType.BF16, one, DType.F32, four, "sum: out is BF16[1]", "not F32");
        assertRefusedOf(Elementwise::sumSquares, DType.BF16, one, DType.BF16, four, "sum_squares: out", "not F32");
        assertRefusedOf(Elementwise::sumSquares, DType.F32, four, DType.F32, four, "sum_squares: out", "1 elements");
        assertRefusedOf(
                Elementwise::sumSquares, DType.F32, one, DType.I32, four, "sum_squares", "neither F32 nor BF16");
        assertRefusedOf(columnSum, DType.F32, four, DType.F32, four, "column_sum: x is F32[4]", "not a matrix");
        assertRefusedOf(columnSum, DType.F32, three, DType.F32, matrix, "column_sum: out is F32[3]", "4 elements");
        assertRefusedOf(columnSum, DType.BF16, four, DType.BF16, matrix, "column_sum: out is BF16[4]", "not F32");
    }

    @Test
    void tensorsOnTwoDevicesAreRefused() {
        BiConsumer<Tensor, Tensor> columnSum = (out, x) -> Elementwise.columnSum(out, x.view(1, 1), false);
        for (BiConsumer<Tensor, Tensor> call : List.<BiConsumer<Tensor, Tensor>>of(
                Elementwise::cast, Elementwise::sum, Elementwise::sumSquares, columnSum)) {
            try (Device meta = Device.open("meta");
                    Tensor elsewhere = meta.empty(DType.F32, 1)) {
                assertRefused(
                        bench -> {
                            Tensor here = bench.empty(DType.F32, 1);
                            return () -> call.accept(elsewhere, here);
                        },
                        "on meta",
                        "are on different devices");
            }
        }
    }
}
