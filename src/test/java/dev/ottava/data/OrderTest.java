package dev.ottava.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OrderTest extends DataTest {
    private static final int ROWS = 40;
    private Path rows;

    @BeforeEach
    void writeRows() {
        rows = file(
                "rows.jsonl",
                IntStream.range(0, ROWS)
                        .mapToObj(i -> "{\"input_ids\": [" + i + ", 7]}\n")
                        .collect(Collectors.joining()));
    }

    private Datasets.Split open(double evalFraction, long seed, boolean shuffle) {
        return open(new DataOptions(List.of(rows), List.of(), evalFraction, 8, seed, shuffle));
    }

    @Test
    void everyEpochHasEachRowOnceInAnOrderOfItsOwn() {
        try (Dataset data = open(0, 3, true).train()) {
            Set<List<String>> orders = new HashSet<>();
            List<String> sorted = epoch(data, 0).stream().sorted().toList();
            assertEquals(ROWS, new HashSet<>(sorted).size());
            for (int epoch = 0; epoch < 5; epoch++) {
                List<String> order = epoch(data, epoch);
                assertEquals(sorted, order.stream().sorted().toList());
                assertTrue(orders.add(order), "epoch " + epoch + " repeats an order");
            }
        }
    }

    @Test
    void theOrderIsAFunctionOfSeedAndPosition() {
        try (Dataset one = open(0, 3, true).train();
                Dataset same = open(0, 3, true).train();
                Dataset other = open(0, 4, true).train()) {
            List<String> third = epoch(one, 3);
            epoch(one, 0);
            epoch(one, 9);
            assertEquals(third, epoch(one, 3), "whatever was asked before");
            assertEquals(third, epoch(same, 3));
            assertNotEquals(third, epoch(other, 3));
        }
    }

    @Test
    void aBatchGoesOnIntoTheNextEpoch() {
        try (Dataset data = open(0, 3, true).train()) {
            int[] ids = data.batch(3L * ROWS - 2, 5).ids();
            for (int i = 0; i < 5; i++) {
                assertArrayEquals(data.batch(3L * ROWS - 2 + i, 1).ids(), Arrays.copyOfRange(ids, 2 * i, 2 * i + 2));
            }
            assertEquals(3 * ROWS, data.batch(0, 3 * ROWS).rows());
        }
    }

    @Test
    void withoutShufflingEveryEpochIsTheFile() {
        try (Dataset data = open(0, 3, false).train()) {
            for (int i = 0; i < 3 * ROWS; i++) {
                assertEquals(i % ROWS, data.batch(i, 1).ids()[0]);
            }
        }
    }

    @Test
    void keptRowsAreDisjointDrawnBySeedAndTheSameShuffledOrNot() {
        try (Datasets.Split shuffled = open(0.25, 3, true);
                Datasets.Split inOrder = open(0.25, 3, false);
                Datasets.Split otherSeed = open(0.25, 4, false)) {
            assertEquals(10, shuffled.evalOrNull().rows());
            assertEquals(30, shuffled.train().rows());
            assertEquals(60, shuffled.train().tokens());
            assertEquals(epoch(inOrder.evalOrNull(), 0), epoch(shuffled.evalOrNull(), 0));
            assertNotEquals(epoch(inOrder.evalOrNull(), 0), epoch(otherSeed.evalOrNull(), 0));
            assertEquals(new HashSet<>(epoch(inOrder.train(), 0)), new HashSet<>(epoch(shuffled.train(), 0)));
            Set<String> all = new HashSet<>(epoch(shuffled.train(), 0));
            all.addAll(epoch(shuffled.evalOrNull(), 0));
            assertEquals(ROWS, all.size());
        }
    }

    @Test
    void aSmallFractionKeepsOneRow() {
        try (Datasets.Split split = open(1e-9, 0, true)) {
            assertEquals(1, split.evalOrNull().rows());
        }
    }

    @Test
    void evaluationFilesComeInTheirOwnOrder() {
        Path eval = file("eval.jsonl", "{\"input_ids\": [9, 8]}\n{\"input_ids\": [7, 6]}\n");
        try (Datasets.Split split = open(new DataOptions(List.of(rows), List.of(eval), 0, 8, 0, true))) {
            assertEquals(ROWS, split.train().rows());
            assertEquals(List.of("[9, 8]", "[7, 6]"), epoch(split.evalOrNull(), 0));
        }
    }
}
