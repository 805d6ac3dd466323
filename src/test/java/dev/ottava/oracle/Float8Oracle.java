package dev.ottava.oracle;

import java.util.Arrays;

/** The floating-point formats of 8 bits: a table of what the codes mean, and a search in it, where kernels work on bits. */
public enum Float8Oracle {
    E4M3(3, 7, 448),
    E5M2(2, 15, 57344);

    private final int largest;
    private final double[] values = new double[256];
    private final double[] numbers; // those not below 0, in the order of their codes, which is that of their size

    Float8Oracle(int significandBits, int bias, int largest) {
        this.largest = largest;
        int numberCount = 0;
        for (int code = 0; code < 128; code++) {
            int exponent = code >> significandBits;
            double significand = (code & ((1 << significandBits) - 1)) / (double) (1 << significandBits);
            double value = exponent == 0
                    ? significand * Math.pow(2, 1 - bias)
                    : (1 + significand) * Math.pow(2, exponent - bias);
            if (value <= largest) {
                numberCount++;
            } else {
                value = significandBits == 2 && significand == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            }
            values[code] = value;
            values[code + 128] = -value;
        }
        numbers = Arrays.copyOf(values, numberCount);
    }

    /** The largest number. */
    public int largest() {
        return largest;
    }

    /** What the code means. */
    public double value(byte code) {
        return values[code & 0xff];
    }

    /** The code of the nearest number, of two as near the even code: so the largest of what is larger, infinity too; 0x7f of a NaN. */
    public byte nearest(double x) {
        if (Double.isNaN(x)) {
            return 0x7f;
        }
        double magnitude = Math.min(Math.abs(x), largest);
        int found = Arrays.binarySearch(numbers, magnitude);
        int code = found;
        if (found < 0) {
            int above = -found - 1;
            double half = (numbers[above - 1] + numbers[above]) / 2;
            boolean up = magnitude > half || (magnitude == half && above % 2 == 0);
            code = up ? above : above - 1;
        }
        boolean negative = Double.doubleToRawLongBits(x) < 0;
        return (byte) (negative ? code | 0x80 : code);
    }
}
