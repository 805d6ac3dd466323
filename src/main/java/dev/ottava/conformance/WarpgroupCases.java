package dev.ottava.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** Products of a warpgroup: d[64, N] = a[64, K] b[K, N] + c, K being 128 bytes, in each layout of the operands. */
final class WarpgroupCases {
    private static final int[] SWIZZLES = {0, 32, 64, 128};

    private WarpgroupCases() {}

    static List<ConformanceCase> all() {
        Random random = new Random(6);
        List<ConformanceCase> cases = new ArrayList<>();
        for (int n : new int[] {8, 16, 32, 96, 128, 160, 192, 224, 256}) {
            for (Numbers type : List.of(Numbers.BF16, Numbers.E4M3)) {
                Product product = Product.of(type, type, n);
                cases.add(product.of(product.name() + " random", 128, product.small(random), true, random));
            }
        }
        for (Numbers[] types : new Numbers[][] {
            {Numbers.BF16, Numbers.BF16},
            {Numbers.E4M3, Numbers.E4M3},
            {Numbers.E4M3, Numbers.E5M2},
            {Numbers.E5M2, Numbers.E4M3},
            {Numbers.E5M2, Numbers.E5M2},
            {Numbers.S8, Numbers.S8},
        }) {
            Product product = Product.of(types[0], types[1], 64);
            for (int swizzle : SWIZZLES) {
                String name = product.name() + " swizzle " + swizzle;
                cases.add(product.of(name, swizzle, product.small(random), swizzle % 64 == 0, random));
            }
            if (!types[0].isInteger()) {
                int depth = product.depth();
                int[][] any = Operands.finite(types[0], 64, depth, random);
                Pair pair = new Pair(any, Operands.oneHot(types[1], 64, depth));
                cases.add(product.of(product.name() + " a of any codes", 128, pair, false, random));
                any = Operands.finite(types[1], 64, depth, random);
                pair = new Pair(Operands.oneHot(types[0], 64, depth), any);
                cases.add(product.of(product.name() + " b of any codes", 128, pair, false, random));
            }
        }
        for (Product product : List.of(
                new Product("sm90_wgmma_a_along_m", Numbers.BF16, Numbers.BF16, 64, true, false),
                new Product("sm90_wgmma_b_along_n", Numbers.BF16, Numbers.BF16, 64, false, true),
                new Product("sm90_wgmma_both_along_mn", Numbers.BF16, Numbers.BF16, 64, true, true))) {
            for (int swizzle : SWIZZLES) {
                String name = product.name() + " swizzle " + swizzle;
                cases.add(product.of(name, swizzle, product.small(random), true, random));
            }
        }
        return cases;
    }

    /** Codes of a, 64 rows, and of b, N rows, both along k. */
    record Pair(int[][] a, int[][] b) {}

    /** A kernel; aAlongM and bAlongN: the operand lies in rows of k. */
    record Product(String kernel, Numbers aType, Numbers bType, int n, boolean aAlongM, boolean bAlongN) {
        static Product of(Numbers a, Numbers b, int n) {
            String types = a.name().toLowerCase(Locale.ROOT) + "_" + b.name().toLowerCase(Locale.ROOT);
            return new Product("sm90_wgmma_" + types + "_n" + n, a, b, n, false, false);
        }

        String name() {
            return kernel.substring(5).replace('_', ' ');
        }

        int depth() {
            return 1024 / aType.bits;
        }

        Pair small(Random random) {
            return new Pair(Operands.small(aType, 64, depth(), random), Operands.small(bType, n, depth(), random));
        }

        ConformanceCase of(String name, int swizzle, Pair operands, boolean accumulate, Random random) {
            int[] sums = new int[64 * n];
            int[] expected = new int[sums.length];
            for (int thread = 0; thread < 128; thread++) {
                for (int i = 0; i < n / 2; i++) {
                    int at = thread * (n / 2) + i;
                    int c = random.nextInt(129) - 64;
                    double product =
                            Operands.dot(aType, operands.a()[row(thread, i)], bType, operands.b()[column(thread, i)]);
                    sums[at] = Operands.word(c, aType.isInteger());
                    expected[at] = Operands.word(product + (accumulate ? c : 0), aType.isInteger());
                }
            }
            return new ConformanceCase(
                    name,
                    kernel,
                    ConformanceCase.parametersOf(swizzle, accumulate ? 1 : 0),
                    input(operands, sums),
                    // From shared memory, and once more with a from registers.
                    aAlongM ? expected : repeat(expected));
        }

        /** The words that the kernel reads. */
        int[] input(Pair operands, int[] sums) {
            int[] a = lines(aType, aAlongM ? transposed(operands.a()) : operands.a());
            int[] b = lines(bType, bAlongN ? transposed(operands.b()) : operands.b());
            int[] input = Arrays.copyOf(a, a.length + b.length + sums.length);
            System.arraycopy(b, 0, input, a.length, b.length);
            System.arraycopy(sums, 0, input, a.length + b.length, sums.length);
            return input;
        }

        private static int[] repeat(int[] words) {
            int[] twice = Arrays.copyOf(words, 2 * words.length);
            System.arraycopy(words, 0, twice, words.length, words.length);
            return twice;
        }

        /** Rows of 128 bytes. */
        private static int[] lines(Numbers type, int[][] codes) {
            int[] words = new int[codes.length * 32];
            for (int i = 0; i < words.length; i++) {
                words[i] = Operands.pack(type, codes[i / 32], i % 32 * (32 / type.bits));
            }
            return words;
        }

        private static int[][] transposed(int[][] matrix) {
            int[][] result = new int[matrix[0].length][matrix.length];
            for (int i = 0; i < matrix.length; i++) {
                for (int j = 0; j < matrix[0].length; j++) {
                    result[j][i] = matrix[i][j];
                }
            }
            return result;
        }
    }

    /** The row of a thread's i-th sum (PTX ISA, wgmma, the layout of the accumulator). */
    static int row(int thread, int i) {
        return thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8;
    }

    static int column(int thread, int i) {
        return i / 4 * 8 + thread % 4 * 2 + i % 2;
    }
}
