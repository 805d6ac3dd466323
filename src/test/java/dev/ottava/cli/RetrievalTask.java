package dev.ottava.cli;

import dev.ottava.data.Batch;
import dev.ottava.data.Dataset;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Key-value retrieval over ids: {@code <s> v k v k ... ? k}: one to eight {@code <s>}, pairs of a value and its key, no token twice, and then questions for keys that
 * were there. Keys and values are a token each, of the same symbols, so that 2048 tokens are 1019 pairs and a question. Row i follows from the seed and i alone.
 *
 * @param length tokens of a row, even
 * @param symbols how many different tokens keys and values are drawn from
 * @param seed of all rows
 */
record RetrievalTask(int length, int symbols, long seed) implements Dataset {
    static final int BOS_ID = 0;
    static final int QUESTION_ID = 1;

    /** Rows below it, which the first heads are made with, are simpler: they begin alike, and ask more. */
    private static final int SHORT = 64;

    private static final int MOST_AT_START = 8;

    /** Ids that rows of so many symbols are of. */
    static int vocabSize(int symbols) {
        return 2 + symbols;
    }

    /** A prompt that ends with a question, and the id that answers it. */
    record Question(int[] prompt, int answer) {}

    /** Pairs up to the last two tokens, which ask for one of them. */
    Question question(long row) {
        SplittableRandom random = random(row);
        int start = start(random);
        int pairs = (length - MOST_AT_START) / 2;
        int[] ids = new int[start + 2 * pairs];
        int[] targets = new int[ids.length];
        write(random, start, pairs - 1, pairs, ids, targets, 0);
        return new Question(ids, targets[ids.length - 1]);
    }

    /** Rows of which a quarter to all but a sixteenth of the pairs state and the others ask. At each key its value is asked for, where it was just stated too. */
    @Override
    public Batch batch(long start, int count) {
        int[] ids = new int[count * length];
        int[] targets = new int[count * length];
        Arrays.fill(targets, -1);
        int keysSeen = 0;
        for (int i = 0; i < count; i++) {
            SplittableRandom random = random(start + i);
            int first = start(random);
            int pairs = (length - first) / 2;
            int most = Math.min(symbols / 2, length < SHORT ? 3 * pairs / 4 : pairs - pairs / 16);
            int stated = random.nextInt(pairs / 4, most + 1);
            write(random, first, stated, pairs, ids, targets, i * length);
            keysSeen += pairs;
        }
        return new Batch(count, length, ids, targets, keysSeen, (long) count * length);
    }

    /** How many, so that the last question is as often at each position modulo 8: an estimate of some queries is of those at multiples of 2, 4 or 8. */
    private int start(SplittableRandom random) {
        return length < SHORT ? 1 : random.nextInt(1, MOST_AT_START + 1);
    }

    private void write(SplittableRandom random, int start, int stated, int pairs, int[] ids, int[] targets, int at) {
        int[] drawn = shuffled(random, symbols, 2 * stated); // keys, then values
        Arrays.fill(ids, at, at + start, BOS_ID);
        for (int i = 0; i < pairs; i++) {
            int place = at + start + 2 * i;
            int pair = i < stated ? i : random.nextInt(stated);
            ids[place] = i < stated ? 2 + drawn[stated + pair] : QUESTION_ID;
            ids[place + 1] = 2 + drawn[pair];
            targets[place + 1] = 2 + drawn[stated + pair];
        }
    }

    private SplittableRandom random(long row) {
        return new SplittableRandom(seed * 1_000_000_007L + row);
    }

    /** The first {@code count} of 0 .. n - 1 in an order drawn by chance. */
    private static int[] shuffled(SplittableRandom random, int n, int count) {
        int[] numbers = new int[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = i;
        }
        for (int i = 0; i < count; i++) {
            int j = random.nextInt(i, n);
            int number = numbers[j];
            numbers[j] = numbers[i];
            numbers[i] = number;
        }
        return Arrays.copyOf(numbers, count);
    }

    /** Rows never come twice; this is what one epoch is called. */
    @Override
    public int rows() {
        return 1 << 30;
    }

    @Override
    public long tokens() {
        return (long) rows() * length;
    }

    @Override
    public void close() {
        // There is nothing to release.
    }
}
