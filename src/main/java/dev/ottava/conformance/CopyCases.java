package dev.ottava.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** cp.async, and 8x8 matrices between shared memory and registers (PTX ISA, ldmatrix and stmatrix). */
final class CopyCases {
    private CopyCases() {}

    static List<ConformanceCase> all() {
        Random random = new Random(3);
        return List.of(copies(random), loads(random), stores(random), bulk(random), afterAKernel(random));
    }

    private static ConformanceCase copies(Random random) {
        int[] input = random.ints(32 + 256).toArray();
        for (int lane = 0; lane < 32; lane++) {
            input[lane] = lane % 17;
        }
        int[] expected = Arrays.copyOfRange(input, 32, 32 + 256);
        for (int at = 0; at < 4 * 128; at++) { // bytes of the first group
            if (at % 16 >= input[at / 16]) {
                expected[at / 4] &= ~(0xff << (at % 4 * 8));
            }
        }
        return new ConformanceCase("cp.async", "any_cp_async", ConformanceCase.parametersOf(), input, expected);
    }

    /** Which of 32 rows each lane names. */
    private static int[] shuffledRows(Random random) {
        List<Integer> rows = new ArrayList<>(IntStream.range(0, 32).boxed().toList());
        Collections.shuffle(rows, random);
        return rows.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Element (row, column) of 32 rows of 8 elements of 16 bits, which begin at word 32. */
    private static int element(int[] words, int row, int column) {
        return words[32 + 4 * row + column / 2] >>> (column % 2 * 16) & 0xffff;
    }

    private static ConformanceCase loads(Random random) {
        int[] input = Arrays.copyOf(shuffledRows(random), 160);
        for (int i = 32; i < 160; i++) {
            input[i] = random.nextInt();
        }
        int[] expected = new int[384];
        for (int i = 0; i < 384; i++) {
            int lane = i % 32;
            int register = i / 32; // 0 to 3: x4, 4 to 7: transposed, 8 and 9: x2, 10 and 11: transposed
            boolean transposed = register / 4 == 1 || register >= 10;
            int matrix = register < 8 ? register % 4 : register % 2;
            int outer = lane / 4;
            int inner = lane % 4 * 2;
            for (int half = 0; half < 2; half++) {
                int row = transposed ? inner + half : outer;
                int column = transposed ? outer : inner + half;
                expected[i] |= element(input, input[8 * matrix + row], column) << (16 * half);
            }
        }
        return new ConformanceCase("ldmatrix", "any_ldmatrix", ConformanceCase.parametersOf(), input, expected);
    }

    private static ConformanceCase stores(Random random) {
        int[] input = Arrays.copyOf(shuffledRows(random), 160);
        for (int i = 32; i < 160; i++) {
            input[i] = random.nextInt();
        }
        int[] expected = new int[128];
        for (int matrix = 0; matrix < 4; matrix++) {
            for (int lane = 0; lane < 32; lane++) {
                int row = input[8 * matrix + lane / 4];
                expected[4 * row + lane % 4] = input[32 + 32 * matrix + lane];
            }
        }
        return new ConformanceCase("stmatrix", "sm90_stmatrix", ConformanceCase.parametersOf(), input, expected);
    }

    /** Floats loaded; then stored, and added to what was stored. */
    private static ConformanceCase bulk(Random random) {
        int[] input = new int[256];
        int[] expected = new int[512];
        for (int i = 0; i < 256; i++) {
            float value = random.nextInt(2001) - 1000;
            input[i] = Float.floatToRawIntBits(value);
            expected[i] = input[i];
            expected[256 + i] = Float.floatToRawIntBits(value + value);
        }
        return new ConformanceCase("bulk copies", "sm90_bulk_copies", ConformanceCase.parametersOf(), input, expected);
    }

    private static ConformanceCase afterAKernel(Random random) {
        int[] words = random.ints(32).toArray();
        return new ConformanceCase(
                "grid dependency", "any_grid_dependency", ConformanceCase.parametersOf(), words, words);
    }
}
