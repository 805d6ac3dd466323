package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.ottava.oracle.Float8Oracle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class Float8Test {
    @ParameterizedTest
    @EnumSource(Float8Oracle.class)
    void everyCode(Float8Oracle oracle) {
        DType format = DType.valueOf(oracle.name());
        for (int code = 0; code < 256; code++) {
            float value = Float8.toFloat(format, (byte) code);
            assertEquals((float) oracle.value((byte) code), value);
            boolean number = Math.abs(value) <= oracle.largest();
            assertEquals(number ? (byte) code : oracle.nearest(value), Float8.fromFloat(format, value));
        }
    }

    /** Every combination of sign, exponent and the first seven bits of the significand, and their neighbours: all ties are there. */
    @ParameterizedTest
    @EnumSource(Float8Oracle.class)
    void floatsAreRounded(Float8Oracle oracle) {
        DType format = DType.valueOf(oracle.name());
        for (int high = 0; high < 1 << 16; high++) {
            for (int near = -1; near <= 1; near++) {
                float value = Float.intBitsToFloat((high << 16) + near);
                assertEquals(oracle.nearest(value), Float8.fromFloat(format, value), () -> "of " + value);
            }
        }
    }

    @Test
    void tensors() {
        try (Device device = Device.open("cpu");
                Tensor tensor = device.empty(DType.E4M3, 3).copyFrom(1.06f, -1000, Float.NaN)) {
            float[] values = tensor.toFloats();
            assertEquals(1, values[0]);
            assertEquals(-448, values[1]);
            assertEquals(Float.NaN, values[2]);
        }
    }

    @Test
    void otherFormatsAreRefused() {
        assertThrows(InvalidArgumentException.class, () -> Float8.toFloat(DType.BF16, (byte) 0));
    }
}
