package dev.ottava.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What sparse attention is measured on is as sparse as its name says. */
class SparsePromptsTest {
    private static final int LENGTH = 4096;
    private static final int LOCAL_BLOCKS = 2;

    @ParameterizedTest
    @ValueSource(doubles = {1, 0.3, 0.15})
    void masksHaveThePart(double part) {
        try (Device device = Device.open("cpu");
                Tensors tensors = new Tensors(device)) {
            StripedMask striped = StripedMask.of(tensors, 8, LENGTH, LOCAL_BLOCKS, part);
            assertEquals(part, striped.kept() / (8.0 * StripedMask.causal(LENGTH)), 0.02);
            int blocks = LENGTH / 64;
            int[] words = striped.mask().bits().toInts();
            for (int row = 0; row < 8 * blocks; row++) {
                long bits = Integer.toUnsignedLong(words[2 * row]) | (long) words[2 * row + 1] << 32;
                int query = row % blocks;
                assertEquals(1, bits & 1, "sink");
                for (int key = Math.max(0, query - LOCAL_BLOCKS); key <= query; key++) {
                    assertEquals(1, bits >>> key & 1, "local");
                }
                assertEquals(0, query == 63 ? 0 : bits >>> (query + 1), "nothing is listed that no query sees");
            }
            Tensor counts = tensors.empty(DType.I32, 1, 8, blocks);
            striped.mask().lists(counts, null);
            assertEquals(
                    striped.kept(),
                    Arrays.stream(counts.toInts()).asLongStream().sum());
        }
    }

    /** A block on the diagonal has 64 · 65 / 2 pairs. */
    @Test
    void pairsOfAllBlocksAreThoseOfCausalAttention() {
        assertEquals(3 * 256.0 * 257 / 2, StripedMask.pairs(3 * StripedMask.causal(256), 3, 256));
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 128})
    void theEstimateKeepsWhatWasPlanted(int headDim) {
        try (Device device = Device.open("cpu");
                Tensors tensors = new Tensors(device)) {
            for (double part : new double[] {0.3, 0.15}) {
                PlantedPrompt prompt = PlantedPrompt.of(tensors, DType.BF16, LENGTH, 4, 2, headDim, LOCAL_BLOCKS, part);
                SaleBuffers sale = new SaleBuffers(tensors, prompt, 4);
                sale.estimate();
                double kept = sale.kept() / (4.0 * StripedMask.causal(LENGTH));
                assertTrue(Math.abs(kept - part) < 0.02, headDim + ": " + part + " of the blocks, kept " + kept);
            }
        }
    }
}
