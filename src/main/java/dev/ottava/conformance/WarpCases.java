package dev.ottava.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;

/** Lanes, warps and blocks that exchange words: shuffles, votes, barriers, clusters. */
final class WarpCases {
    private WarpCases() {}

    static List<ConformanceCase> all() {
        Random random = new Random(1);
        List<ConformanceCase> cases = new ArrayList<>();
        cases.add(shuffles(random));
        // A round of 64 words is read in reverse, a turn of 32 too.
        cases.add(reversed("named barriers", "any_named_barriers", random, 4, 64));
        cases.add(reversed("mbarriers", "sm90_mbarriers", random, 6, 32));
        cases.add(reversed("cp.async and mbarrier", "sm90_cp_async_mbarrier", random, 1, 128));
        cases.add(warpRoles(random));
        cases.add(cluster(random));
        return cases;
    }

    private static int[] words(Random random, int count) {
        return random.ints(count).toArray();
    }

    private static ConformanceCase reversed(String name, String kernel, Random random, int turns, int size) {
        int[] input = words(random, turns * size);
        int[] expected = new int[turns * size];
        Arrays.setAll(expected, i -> input[i / size * size + size - 1 - i % size]);
        return new ConformanceCase(name, kernel, ConformanceCase.parametersOf(), input, expected);
    }

    private static ConformanceCase shuffles(Random random) {
        int[] input = words(random, 64);
        input[32 + 11] = input[11];
        List<int[]> rows = new ArrayList<>();
        IntUnaryOperator number = lane -> input[32 + lane];
        rows.add(row(input, lane -> number.applyAsInt(lane) & 31));
        rows.add(row(input, lane -> lane / 8 * 8 + (number.applyAsInt(lane) & 7)));
        for (int mask = 1; mask < 32; mask *= 2) {
            int bit = mask;
            rows.add(row(input, lane -> lane ^ bit));
        }
        // Beyond the end of its segment, for xor also of all before it, a lane reads itself.
        rows.add(row(input, lane -> (lane ^ 9) / 16 > lane / 16 ? lane : lane ^ 9));
        rows.add(row(input, lane -> lane < 5 ? lane : lane - 5));
        rows.add(row(input, lane -> lane % 8 < 3 ? lane : lane - 3));
        rows.add(row(input, lane -> lane + 7 > 31 ? lane : lane + 7));
        rows.add(row(input, lane -> lane % 4 + 2 > 3 ? lane : lane + 2));
        rows.add(row(input, lane -> lane ^ 16));
        int odd = 0;
        int second = 0;
        boolean[] halfPositive = {true, true};
        for (int lane = 0; lane < 32; lane++) {
            odd |= (input[lane] & 1) << lane;
            second |= (input[lane] >> 1 & 1) << lane;
            halfPositive[lane / 16] &= input[lane] >= 0;
        }
        int ballot = odd;
        int wholeBallot = second;
        rows.add(results(lane -> wholeBallot));
        rows.add(results(lane -> 1)); // lane 11
        rows.add(row(input, lane -> lane / 16 * 16 + (number.applyAsInt(lane) & 15)));
        rows.add(results(lane -> lane < 16 ? ballot & 0xffff : ballot & 0xffff0000));
        rows.add(results(lane -> halfPositive[lane / 16] ? 1 : 0));
        int[] expected = rows.stream().flatMapToInt(Arrays::stream).toArray();
        return new ConformanceCase(
                "shuffles and votes", "any_shuffles", ConformanceCase.parametersOf(), input, expected);
    }

    private static int[] row(int[] values, IntUnaryOperator source) {
        return results(lane -> values[source.applyAsInt(lane)]);
    }

    private static int[] results(IntUnaryOperator result) {
        int[] row = new int[32];
        Arrays.setAll(row, result);
        return row;
    }

    private static ConformanceCase warpRoles(Random random) {
        int[] input = words(random, 384);
        int[] expected = new int[768];
        Arrays.setAll(expected, i -> i >= 384 ? 1 : input[i] + (i < 128 ? 1 : 2));
        return new ConformanceCase(
                "elect and setmaxnreg", "sm90_warp_roles", ConformanceCase.parametersOf(), input, expected);
    }

    private static ConformanceCase cluster(Random random) {
        int[] input = words(random, 128);
        int[] expected = new int[512];
        for (int rank = 0; rank < 4; rank++) {
            for (int lane = 0; lane < 32; lane++) {
                expected[128 * rank + lane] = rank;
                expected[128 * rank + 32 + lane] = input[32 * ((rank + 1) % 4) + lane];
                expected[128 * rank + 64 + lane] = input[32 * ((rank + 3) % 4) + lane] + 1;
                expected[128 * rank + 96 + lane] = lane;
            }
        }
        return new ConformanceCase(
                "cluster and its shared memory", "sm90_cluster", ConformanceCase.parametersOf(), input, expected);
    }
}
