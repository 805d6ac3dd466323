package dev.ottava.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ottava.core.Device;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is read off sums of accumulators that are known. */
class AccumulatorReadingTest {
    /** Cuts a number off, or rounds it, to multiples of a unit. */
    private static double cut(double value, double unit, boolean rounds) {
        return unit * (rounds ? Math.rint(value / unit) : Math.signum(value) * Math.floor(Math.abs(value) / unit));
    }

    /** The last bit of an accumulator whose largest summand is this. */
    private static double unit(double largest, int bits) {
        return largest == 0 ? Double.MIN_NORMAL : Math.scalb(1.0, Math.getExponent(largest) - bits + 1);
    }

    /** Groups of products are aligned to their largest, and to the sum if withSum, added, and added to the sum. */
    private static double accumulate(double[] products, int bits, boolean rounds, int together, boolean withSum) {
        double sum = 0;
        for (int first = 0; first < products.length; first += together) {
            double largest = withSum ? Math.abs(sum) : 0;
            for (int k = first; k < first + together; k++) {
                largest = Math.max(largest, Math.abs(products[k]));
            }
            double unit = unit(largest, bits);
            double group = 0;
            for (int k = first; k < first + together; k++) {
                group += cut(products[k], unit, rounds);
            }
            sum = cut(sum + group, unit(Math.max(Math.abs(sum), Math.abs(group)), bits), rounds);
        }
        return sum;
    }

    @ParameterizedTest
    @CsvSource({
        "13, false, 32, true",
        "14, false, 32, true",
        "14, true, 32, true",
        "14, false, 16, false",
        "14, false, 32, false",
        "22, false, 8, true",
        "24, true, 1, true",
        "24, false, 4, true",
        "8, true, 32, true",
    })
    void plantedAccumulatorsAreReadAsTheyAre(int bits, boolean rounds, int together, boolean withSum) {
        int[][] a = AccumulatorReading.operands().a();
        int[][] b = AccumulatorReading.operands().b();
        float[][] sums = new float[64][64];
        for (int i = 0; i < 64; i++) {
            for (int j = 0; j < 64; j++) {
                int row = i;
                int column = j;
                double[] products = IntStream.range(0, a[0].length)
                        .mapToDouble(k -> Numbers.E4M3.value(a[row][k]) * Numbers.E4M3.value(b[column][k]))
                        .toArray();
                sums[i][j] = (float) accumulate(products, bits, rounds, together, withSum);
            }
        }
        assertEquals(new AccumulatorReading(bits, rounds, together, withSum), AccumulatorReading.of(sums));
    }

    @Test
    void sumsThatMakeNoSenseAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> AccumulatorReading.of(new float[64][64]));
    }

    @Test
    void simtAddsInF32OneByOne() {
        try (Device device = Device.open("simt")) {
            assertEquals("full", device.property("fp8_accumulator"));
            AccumulatorReading reading = AccumulatorReading.on(device);
            assertEquals(new AccumulatorReading(24, true, 1, true), reading);
            assertEquals("24 bits, rounding, products added one by one", reading.toString());
        }
    }
}
