package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.QuantizedMatrix.Layout;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransposeCodesContractTest extends QuantizeContract {
    private static final int[][] SHAPES = {
        {1, 1}, {7, 9}, {16, 16}, {15, 33}, {17, 128}, {128, 128}, {129, 127}, {143, 250}, {260, 31}
    };

    /** Every byte goes where it belongs, and rows are filled up with zeros as quantising fills them. */
    @Test
    void everyByteGoesWhereItBelongs() {
        for (DType format : FORMATS) {
            for (int[] shape : SHAPES) {
                int rows = shape[0];
                int columns = shape[1];
                int more = rows % 2 * 32;
                int pitch = (columns + 15) / 16 * 16;
                ByteBuffer codes = ByteBuffer.allocateDirect(rows * pitch);
                byte[] expected = new byte[columns * ((rows + 15) / 16 * 16)];
                for (int i = 0; i < rows; i++) {
                    for (int j = 0; j < columns; j++) {
                        byte code = (byte) random.nextInt(256);
                        codes.put(i * pitch + j, code);
                        expected[j * ((rows + 15) / 16 * 16) + i] = code;
                    }
                }
                List<Output> outputs = run(bench -> {
                    QuantizedMatrix q = matrix(bench, format, Scaling.BLOCKS_128, Layout.CODES, rows, columns, 0);
                    q.codes().copyFrom(codes);
                    QuantizedMatrix transposed =
                            matrix(bench, format, Scaling.BLOCKS_128, Layout.TRANSPOSED, rows, columns, more);
                    Quantize.transpose(transposed, q);
                    return List.of(transposed.transposed());
                });
                assertCodes(expected, (rows + 15) / 16 * 16, outputs.get(0), more);
            }
        }
    }

    /** The same copy as quantising writes. */
    @Test
    void equalsTheCopyThatQuantisingWrites() {
        float[] x = matrix(DType.BF16, 140, 272);
        List<Output> outputs = run(bench -> {
            QuantizedMatrix q = matrix(bench, DType.E4M3, Scaling.BLOCKS_128, Layout.BOTH, 140, 272, 0);
            Quantize.quantize(q, bench.of(DType.BF16, x, 140, 272));
            Tensor copy = bench.empty(DType.E4M3, 272, 144);
            Quantize.transpose(new QuantizedMatrix(140, 272, null, copy, Scaling.BLOCKS_128, q.scales()), q);
            return List.of(q.transposed(), copy);
        });
        byte[] written = new byte[272 * 144];
        byte[] transposed = new byte[272 * 144];
        outputs.get(0).bytes().get(0, written);
        outputs.get(1).bytes().get(0, transposed);
        assertArrayEquals(written, transposed);
    }

    @Test
    void refusals() {
        try (Device device = Device.open("cpu");
                QuantizedMatrix a = empty(device, Layout.CODES, 16, 32);
                QuantizedMatrix b = empty(device, Layout.TRANSPOSED, 32, 16)) {
            assertRefused("is absent", () -> Quantize.transpose(a, a));
            assertRefused("differ in shape or dtype", () -> Quantize.transpose(b, a));
        }
    }

    private static QuantizedMatrix empty(Device device, Layout layout, long rows, long columns) {
        return QuantizedMatrix.empty(
                device.arena(MemoryPurpose.WORKSPACE), DType.E4M3, Scaling.BLOCKS_128, layout, rows, columns);
    }

    private static void assertRefused(String message, Runnable call) {
        String actual = assertThrows(InvalidArgumentException.class, call::run).getMessage();
        assertTrue(actual.contains(message), actual);
        assertEquals(1, actual.lines().count());
    }
}
