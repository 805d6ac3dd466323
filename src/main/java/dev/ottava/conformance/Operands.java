package dev.ottava.conformance;

import java.util.Random;

/** Matrices of codes, rows along the depth, for products whose results are exact whatever the order and the width of the sums. */
final class Operands {
    private Operands() {}

    /** Small integers. */
    static int[][] small(Numbers type, int rows, int depth, Random random) {
        int[][] codes = new int[rows][depth];
        for (int[] row : codes) {
            for (int k = 0; k < depth; k++) {
                row[k] = type.anySmall(random);
            }
        }
        return codes;
    }

    /** Any finite numbers; the other operand is then {@link #oneHot}. BF16 stays where products are normal floats. */
    static int[][] finite(Numbers type, int rows, int depth, Random random) {
        int[][] codes = new int[rows][depth];
        for (int[] row : codes) {
            for (int k = 0; k < depth; k++) {
                do {
                    row[k] = type.anyFinite(random);
                } while (type == Numbers.BF16 && Math.abs(Math.getExponent(type.value(row[k]))) > 60);
            }
        }
        return codes;
    }

    /** A single 1 in each row, so that a product is an element of the other operand. */
    static int[][] oneHot(Numbers type, int rows, int depth) {
        int[][] codes = new int[rows][depth];
        for (int row = 0; row < rows; row++) {
            codes[row][row * 5 % depth] = type.code(1);
        }
        return codes;
    }

    /** The word of codes from k on, the first in the lowest bits. */
    static int pack(Numbers type, int[] row, int k) {
        int word = 0;
        for (int i = 0; i < 32 / type.bits; i++) {
            word |= (row[k + i] & (int) (0xffffffffL >>> (32 - type.bits))) << (i * type.bits);
        }
        return word;
    }

    /** A sum as a word: the bits of an int or of a float. */
    static int word(double value, boolean integer) {
        return integer ? (int) value : Float.floatToRawIntBits((float) value);
    }

    static double dot(Numbers aType, int[] a, Numbers bType, int[] b) {
        double sum = 0;
        for (int k = 0; k < a.length; k++) {
            sum += aType.value(a[k]) * bType.value(b[k]);
        }
        return sum + 0.0; // a sum of negative zeros is zero
    }
}
