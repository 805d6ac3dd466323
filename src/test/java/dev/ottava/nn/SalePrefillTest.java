package dev.ottava.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.BlockMask;
import dev.ottava.kernel.Sale;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SalePrefillTest {
    private static final LlamaConfig CONFIG = SaleModels.CONFIG;
    private static final Sale.Selection SELECTION = new Sale.Selection(64, 1);

    /** The first head is dense, the others keep less and less. */
    private static SaleThresholds thresholds(int rowStep) {
        float[] tau = {0, 0.004f, 0.008f, 0.1f};
        return new SaleThresholds(new Sale.Selection(64, rowStep), new float[][] {tau, tau});
    }

    @ParameterizedTest
    @CsvSource({"cpu,F32,300", "cpu,BF16,300", "simt,BF16,70", "simt:sm_80,BF16,70"})
    void withEveryTauZeroItIsDenseBitForBit(String name, DType dtype, int length) {
        int[] ids = SaleModels.prompt(length + 20);
        SaleThresholds zero = SaleThresholds.uniform(CONFIG, SELECTION, 0);
        try (Device device = Device.open(name);
                LlamaModel model = SaleModels.model(device, dtype);
                Decoder dense = new Decoder(model, length + 20);
                Decoder sale = new Decoder(model, length + 20, zero)) {
            float[] expected = dense.prefill(Arrays.copyOf(ids, length));
            try (SparsePrefill prefill = sale.prefillWithMasks(Arrays.copyOf(ids, length))) {
                assertArrayEquals(expected, prefill.logits());
                for (double[] layer : prefill.keptFractions()) {
                    assertArrayEquals(new double[] {1, 1, 1, 1}, layer);
                }
            }
            // A token, which is dense, and a second piece of the prompt behind it.
            assertArrayEquals(dense.next(ids[length]), sale.next(ids[length]));
            int[] rest = Arrays.copyOfRange(ids, length + 1, length + 20);
            assertArrayEquals(dense.prefill(rest), sale.prefill(rest));
        }
    }

    @ParameterizedTest
    @CsvSource({"F32,1", "BF16,1", "BF16,4"})
    void blocksAreLeftOut(DType dtype, int rowStep) {
        int[] ids = SaleModels.prompt(700);
        SaleThresholds thresholds = thresholds(rowStep);
        try (Device device = Device.open("cpu");
                LlamaModel model = SaleModels.model(device, dtype);
                Decoder dense = new Decoder(model, 720);
                Decoder sale = new Decoder(model, 720, thresholds)) {
            float[] expected = dense.prefill(ids);
            try (SparsePrefill prefill = sale.prefillWithMasks(ids)) {
                for (int layer = 0; layer < 2; layer++) {
                    assertKeptIsTheNumberOfBits(prefill.masks().get(layer));
                    double[] kept = prefill.keptFractions()[layer];
                    assertEquals(1, kept[0]);
                    assertTrue(kept[1] > kept[3] && kept[2] < 0.9, Arrays.toString(kept));
                }
                assertClose(expected, prefill.logits());
            }
            assertClose(dense.next(5), sale.next(5));
        }
    }

    private static void assertKeptIsTheNumberOfBits(BlockMask mask) {
        int[] words = mask.bits().toInts();
        long[] kept = new long[CONFIG.numAttentionHeads()];
        for (int i = 0; i < words.length; i++) {
            kept[i / (words.length / kept.length)] += Integer.bitCount(words[i]);
        }
        assertArrayEquals(kept, mask.keptBlocks());
        assertEquals(11 * 12 / 2, mask.causalBlocks()); // 700 tokens
    }

    /** Other than dense, by less than half of what it is: the attention of this model is nearly flat, so what is left out counts. */
    private static void assertClose(float[] expected, float[] actual) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow(actual[i] - expected[i], 2);
            size += Math.pow(expected[i], 2);
        }
        double relative = Math.sqrt(difference / size);
        assertTrue(relative > 0 && relative < 0.5, "relative difference " + relative);
    }

    private static void assertNear(float[] expected, float[] actual, double tolerance) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance, "logit " + i);
        }
    }

    /**
     * Chunks have other means than a whole prompt, so estimates differ by their rounding, and blocks near a threshold may go either way. Where chunks begin at
     * multiples of 64, the blocks are the same ones.
     */
    @Test
    void chunksKeepAlmostTheBlocksOfOnePrefill() {
        int[] ids = SaleModels.prompt(640);
        SaleThresholds thresholds = thresholds(1);
        try (Device device = Device.open("cpu");
                LlamaModel model = SaleModels.model(device, DType.BF16);
                Decoder whole = new Decoder(model, 640, thresholds);
                Decoder chunked = new Decoder(model, 640, thresholds);
                SparsePrefill all = whole.prefillWithMasks(ids);
                SparsePrefill first = chunked.prefillWithMasks(Arrays.copyOf(ids, 256));
                SparsePrefill second = chunked.prefillWithMasks(Arrays.copyOfRange(ids, 256, 640))) {
            assertNear(all.logits(), second.logits(), 0.05);
            assertEquals(all.causalBlocks(), first.causalBlocks() + second.causalBlocks());
            int[] bits = all.masks().get(0).bits().toInts();
            int[] begin = first.masks().get(0).bits().toInts();
            int[] end = second.masks().get(0).bits().toInts();
            int differ = 0;
            for (int head = 0; head < 4; head++) {
                for (int row = 0; row < 10; row++) {
                    int word = row < 4 ? begin[head * 4 + row] : end[head * 6 + row - 4];
                    differ += Integer.bitCount(word ^ bits[head * 10 + row]);
                }
            }
            assertTrue(differ <= 11, differ + " of 220 blocks differ");
        }
    }

    /** The means being fixed, codes and masks do not depend on where chunks end. */
    @Test
    void codesInPiecesAreThoseMadeAtOnce() {
        SplittableRandom random = new SplittableRandom(5);
        int length = 333;
        try (Device device = Device.open("cpu");
                Tensor k = gaussian(device, random, 1, 350, 2, 64);
                Tensor q = gaussian(device, random, 1, 100, 4, 64);
                Tensor tau = device.tensor(new float[] {0.02f, 0.02f, 0.02f, 0.02f}, 4);
                SaleKeys pieces = new SaleKeys(device, CONFIG, 350);
                SaleKeys once = new SaleKeys(device, CONFIG, 350)) {
            pieces.extend(k, 0, 300); // of a call that failed later
            int first = 0;
            for (int until : new int[] {70, 71, 96, 200, length}) {
                pieces.extend(k, first, until);
                first = until;
            }
            once.extend(k, 0, 70);
            once.extend(k, 70, length);
            int rows = length * 8;
            for (int head = 0; head < 2; head++) {
                int[] expected = once.codes()
                        .codes()
                        .view(2, 350 * 8)
                        .rows(head, head + 1)
                        .toInts();
                int[] actual = pieces.codes()
                        .codes()
                        .view(2, 350 * 8)
                        .rows(head, head + 1)
                        .toInts();
                assertArrayEquals(Arrays.copyOf(expected, rows), Arrays.copyOf(actual, rows));
            }
            try (SaleEstimate a = new SaleEstimate(pieces, q, k, length, SELECTION);
                    SaleEstimate b = new SaleEstimate(once, q, k, length, SELECTION);
                    BlockMask fromPieces = a.select(tau);
                    BlockMask fromOnce = b.select(tau)) {
                assertArrayEquals(fromOnce.bits().toInts(), fromPieces.bits().toInts());
            }
        }
    }

    private static Tensor gaussian(Device device, SplittableRandom random, long... shape) {
        Tensor x = device.arena(MemoryPurpose.WORKSPACE).empty(DType.BF16, shape);
        float[] values = new float[(int) x.count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return x.copyFrom(values);
    }

    /** Keys and values in BF16, codes in 4 bits, and their scales; the allocator rounds up. */
    @Test
    void codesLieBesideTheCacheAndAllOfItIsFreed() {
        try (Device device = Device.open("meta");
                LlamaModel model = LlamaModel.initialize(CONFIG, device, Precision.BF16, 1)) {
            try (Decoder decoder = new Decoder(model, 512, SaleThresholds.uniform(CONFIG, SELECTION, 0.004))) {
                long workspace = live(device, MemoryPurpose.WORKSPACE); // with the tables of rotary positions
                decoder.prefill(SaleModels.prompt(300));
                double cache = 2 * (2 * 512 * 2 * 64 * 2 + 512 * 2 * 64 / 2 + 2 * 512 / 8 * 4 + 2 * 64 * 4 + 4 * 4);
                double held = live(device, MemoryPurpose.KEY_VALUE_CACHE);
                assertTrue(held >= cache && held <= cache * 1.01, held + " bytes for " + cache);
                assertEquals(workspace, live(device, MemoryPurpose.WORKSPACE));
            }
            assertEquals(0, live(device, MemoryPurpose.KEY_VALUE_CACHE));
        }
    }

    private static long live(Device device, MemoryPurpose purpose) {
        return device.memory().live().getOrDefault(purpose, 0L);
    }

    @Test
    void whatDoesNotFitIsSaid() {
        LlamaConfig small = LlamaConfig.llama(40, 64, 64, 2, 4, 2, 1024, -1, -1);
        LlamaConfig deep = LlamaConfig.llama(40, 256, 64, 3, 4, 2, 1024, -1, -1);
        SaleThresholds thresholds = SaleThresholds.uniform(CONFIG, SELECTION, 0.004);
        fails(() -> thresholds.check(small), "head_dim");
        fails(() -> thresholds.check(deep), "2 layers of 4 heads, and the model has 3 of 4");
        fails(() -> new SaleThresholds(new Sale.Selection(64, 3), new float[1][1]), "row step 3");
        fails(() -> new SaleThresholds(new Sale.Selection(0, 1), new float[1][1]), "local keys 0");
        fails(() -> new SaleThresholds(SELECTION, new float[][] {{0, Float.NaN}}), "tau of layer 0, head 1 is NaN");
        fails(() -> new SaleThresholds(SELECTION, new float[][] {{0}, {0, 0}}), "1 heads in layer 0 and 2 in layer 1");
        try (Device device = Device.open("cpu");
                LlamaModel model = SaleModels.model(device, DType.F32);
                Decoder dense = new Decoder(model, 10)) {
            fails(() -> dense.prefillWithMasks(1), "no thresholds");
        }
        try (Device device = Device.open("simt");
                LlamaModel model = SaleModels.model(device, DType.F32)) {
            fails(() -> new Decoder(model, 10, thresholds), "F32");
        }
    }

    private static void fails(Runnable call, String message) {
        String said = assertThrows(InvalidArgumentException.class, call::run).getMessage();
        assertTrue(said.contains(message), said);
    }
}
