package dev.ottava.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Products of a warp: d[16, 8] = a[16, K] b[K, 8] + c. */
final class MatrixCases {
    private record Kernel(String name, Numbers a, Numbers b) {}

    private static final List<Kernel> KERNELS = List.of(
            new Kernel("any_mma_bf16", Numbers.BF16, Numbers.BF16),
            new Kernel("any_mma_e4m3_e4m3", Numbers.E4M3, Numbers.E4M3),
            new Kernel("any_mma_e4m3_e5m2", Numbers.E4M3, Numbers.E5M2),
            new Kernel("any_mma_e5m2_e4m3", Numbers.E5M2, Numbers.E4M3),
            new Kernel("any_mma_e5m2_e5m2", Numbers.E5M2, Numbers.E5M2),
            new Kernel("any_mma_s8", Numbers.S8, Numbers.S8),
            new Kernel("any_mma_s4", Numbers.S4, Numbers.S4));

    private MatrixCases() {}

    static List<ConformanceCase> all() {
        Random random = new Random(4);
        List<ConformanceCase> cases = new ArrayList<>();
        for (Kernel kernel : KERNELS) {
            int depth = 256 / kernel.a().bits;
            String name = kernel.name().substring(4).replace('_', ' ');
            int[][] a = Operands.small(kernel.a(), 16, depth, random);
            cases.add(of(kernel, name, a, Operands.small(kernel.b(), 8, depth, random), random));
            if (!kernel.a().isInteger()) {
                a = Operands.finite(kernel.a(), 16, depth, random);
                cases.add(of(kernel, name + ", a of any codes", a, Operands.oneHot(kernel.b(), 8, depth), null));
                int[][] b = Operands.finite(kernel.b(), 8, depth, random);
                cases.add(of(kernel, name + ", b of any codes", Operands.oneHot(kernel.a(), 16, depth), b, null));
            }
        }
        return cases;
    }

    /** With registers as src/main/cuda/ptx/mma.cuh tells; c is 0 without random. */
    private static ConformanceCase of(Kernel kernel, String name, int[][] a, int[][] b, Random random) {
        boolean integer = kernel.a().isInteger();
        int depth = a[0].length;
        int perRegister = depth / 8;
        int[] input = new int[320];
        int[] expected = new int[128];
        for (int lane = 0; lane < 32; lane++) {
            int g = lane / 4;
            int t = lane % 4;
            for (int r = 0; r < 4; r++) {
                int k = perRegister * t + r / 2 * depth / 2;
                input[32 * r + lane] = Operands.pack(kernel.a(), a[g + r % 2 * 8], k);
            }
            for (int r = 0; r < 2; r++) {
                input[128 + 32 * r + lane] = Operands.pack(kernel.b(), b[g], perRegister * t + r * depth / 2);
            }
            for (int r = 0; r < 4; r++) {
                int c = random == null ? 0 : random.nextInt(129) - 64;
                input[192 + 32 * r + lane] = Operands.word(c, integer);
                double d = Operands.dot(kernel.a(), a[g + r / 2 * 8], kernel.b(), b[2 * t + r % 2]) + c;
                expected[32 * r + lane] = Operands.word(d, integer);
            }
        }
        return new ConformanceCase(name, kernel.name(), ConformanceCase.parametersOf(), input, expected);
    }
}
