package dev.ottava.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.InvalidArgumentException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BigramModelTest extends DataTest {
    /** A text in which each letter says how likely the next is: two steps on with 0.7, one of eight else. */
    private Path chain(String name, int length, long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        int letter = 0;
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + letter));
            letter = random.nextDouble() < 0.7 ? (letter + 2) % 8 : random.nextInt(8);
        }
        return file(name, text.toString());
    }

    @Test
    void reachesTheEntropyOfAChain() {
        double likely = 0.7 + 0.3 / 8;
        double unlikely = 0.3 / 8;
        double entropy = -likely * Math.log(likely) - 7 * unlikely * Math.log(unlikely);
        try (Dataset train = open(64, chain("train.txt", 200_000, 1));
                Dataset heldOut = open(64, chain("held-out.txt", 200_000, 2))) {
            BigramModel model = BigramModel.train(train, BytesTokenizer.VOCABULARY);
            assertEquals(entropy, model.loss(heldOut), 0.01);
        }
    }

    @Test
    void probabilitiesSumToOneAndNoneIsZero() {
        try (Dataset train = open(64, file("train.txt", "to be, or not to be, that is the question"))) {
            BigramModel model = BigramModel.train(train, BytesTokenizer.VOCABULARY);
            for (int context : new int[] {'t', 'q', ' ', 'z', BytesTokenizer.EOS}) {
                double sum = 0;
                for (int next = 0; next < BytesTokenizer.VOCABULARY; next++) {
                    double p = model.probability(context, next);
                    assertTrue(p > 0 && p < 1);
                    sum += p;
                }
                assertEquals(1, sum, 1e-12);
            }
        }
    }

    @Test
    void isNoWorseThanTheBestAddKOnUnseenText() {
        // Zipf-like pairs with many rare ones, where smoothing matters; k is chosen on the held-out text itself.
        try (Dataset train = open(64, sparse("train.jsonl", 1));
                Dataset heldOut = open(64, sparse("held-out.jsonl", 2))) {
            double best = Double.MAX_VALUE;
            for (double k = 0.001; k < 10; k *= 1.5) {
                best = Math.min(best, addK(train, heldOut, k));
            }
            double loss = BigramModel.train(train, BytesTokenizer.VOCABULARY).loss(heldOut);
            assertTrue(loss < best, loss + " against " + best);
        }
    }

    private Path sparse(String name, long seed) {
        Random random = new Random(seed);
        StringBuilder rows = new StringBuilder();
        for (int row = 0; row < 200; row++) {
            rows.append("{\"input_ids\": [0");
            int id = 0;
            for (int i = 0; i < 63; i++) {
                int rank = (int) Math.exp(random.nextDouble() * Math.log(250)) - 1;
                id = random.nextBoolean() ? rank : (id * 7 + rank) % 250;
                rows.append(", ").append(id);
            }
            rows.append("]}\n");
        }
        return file(name, rows.toString());
    }

    private static double addK(Dataset train, Dataset heldOut, double k) {
        int n = BytesTokenizer.VOCABULARY;
        double[][] counts = new double[n][n];
        double[] totals = new double[n];
        Batch batch = train.batch(0, train.rows());
        for (int i = 0; i < batch.ids().length; i++) {
            if (batch.targets()[i] >= 0) {
                counts[batch.ids()[i]][batch.targets()[i]]++;
                totals[batch.ids()[i]]++;
            }
        }
        double sum = 0;
        batch = heldOut.batch(0, heldOut.rows());
        for (int i = 0; i < batch.ids().length; i++) {
            int id = batch.ids()[i];
            if (batch.targets()[i] >= 0) {
                sum -= Math.log((counts[id][batch.targets()[i]] + k) / (totals[id] + k * n));
            }
        }
        return sum / batch.targetCount();
    }

    @Test
    void countsOnlyTargets() {
        String row = "{\"prompt\": \"xyxyxyxy\", \"completion\": \"abab\"}";
        try (Dataset data = open(64, file("a.jsonl", row))) {
            BigramModel model = BigramModel.train(data, BytesTokenizer.VOCABULARY);
            assertTrue(model.probability('a', 'b') > 0.5);
            assertTrue(model.probability('x', 'y') < 0.1);
        }
    }

    @Test
    void aLargeVocabularyIsRefused() {
        try (Dataset data = open(64, file("a.txt", "abc"))) {
            assertMessage(
                    assertThrows(InvalidArgumentException.class, () -> BigramModel.train(data, 4097)), "4097", "4096");
        }
    }
}
