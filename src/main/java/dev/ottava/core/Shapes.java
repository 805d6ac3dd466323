package dev.ottava.core;

import java.util.Arrays;

/** Arithmetic on shapes that refuses what does not fit in 64 bits. */
final class Shapes {
    private Shapes() {}

    static long count(long... shape) {
        long count = 1;
        try {
            for (long size : shape) {
                if (size < 0) {
                    throw new InvalidArgumentException("shape " + Arrays.toString(shape) + " has a negative size");
                }
                count = Math.multiplyExact(count, size);
            }
        } catch (ArithmeticException e) {
            throw new InvalidArgumentException("shape " + Arrays.toString(shape) + " has more than 2^63 elements");
        }
        return count;
    }

    static long bytes(DType dtype, long... shape) {
        try {
            return Math.multiplyExact(count(shape), dtype.bytes());
        } catch (ArithmeticException e) {
            throw new InvalidArgumentException(
                    "shape " + Arrays.toString(shape) + " of " + dtype + " has more than 2^63 bytes");
        }
    }
}
