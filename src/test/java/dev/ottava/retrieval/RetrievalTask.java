package dev.ottava.retrieval;

import dev.ottava.data.Batch;
import dev.ottava.data.Dataset;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Key-value retrieval over ids: {@code <s> v k v k ... ? k}: one to eight {@code <s>}, pairs of a value and its key, each key once, and then questions for keys that were there. Keys and
 * values are a token each, so that 2048 tokens are at most 1022 pairs and a question. Row i follows from the seed and i alone.
 *
 * @param length tokens of a row, even
 * @param keys how many of the {@link #KEYS} there are
 * @param seed of all rows
 */
record RetrievalTask(int length, int keys, long seed) implements Dataset {
    static final int BOS_ID = 0;
    static final int QUESTION_ID = 1;
    static final int VALUES = 62;
    static final int KEYS = 1024;
    static final int VOCAB_SIZE = 2 + VALUES + KEYS;

    /** A prompt that ends with a question, and the id that answers it. */
    record Question(int[] prompt, int answer) {}

    /** Pairs up to the last two tokens, which ask for one of them. */
    Question question(long row) {
        SplittableRandom random = random(row);
        int start = start(random);
        int pairs = (length - start) / 2;
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
            int stated = Math.min(keys, random.nextInt(pairs / 4, pairs - pairs / 16 + 1));
            write(random, first, stated, pairs, ids, targets, i * length);
            keysSeen += pairs;
        }
        return new Batch(count, length, ids, targets, keysSeen, (long) count * length);
    }

    /** Several, so that a question may be at any position modulo 8: an estimate of some queries is of those at multiples of 2, 4, or 8. */
    private static int start(SplittableRandom random) {
        return random.nextInt(1, 9);
    }

    private void write(SplittableRandom random, int start, int stated, int pairs, int[] ids, int[] targets, int at) {
        int[] drawn = shuffled(random, keys, stated);
        int[] values = random.ints(stated, 2, 2 + VALUES).toArray();
        Arrays.fill(ids, at, at + start, BOS_ID);
        for (int i = 0; i < pairs; i++) {
            int place = at + start + 2 * i;
            int pair = i < stated ? i : random.nextInt(stated);
            ids[place] = i < stated ? values[pair] : QUESTION_ID;
            ids[place + 1] = 2 + VALUES + drawn[pair];
            targets[place + 1] = values[pair];
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
