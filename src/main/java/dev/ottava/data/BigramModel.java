package dev.ottava.data;

import dev.ottava.core.InvalidArgumentException;

/**
 * What a model must beat to have learned more than pairs: predicts an id from the one before it.
 *
 * <p>Interpolated Kneser-Ney smoothing (Kneser and Ney: Improved backing-off for m-gram language modeling, 1995; Chen
 * and Goodman: An empirical study of smoothing techniques, 1998, section 2.7): absolute discounting of the pairs,
 * falling back to the number of different ids that an id follows, falling back to all ids alike. Both discounts are the
 * leaving-one-out estimate n1 / (n1 + 2 n2) of Ney, Essen and Kneser (1994), so that nothing is to be tuned.
 */
public final class BigramModel {
    private static final int LARGEST_VOCABULARY = 4096;
    private static final int BATCH = 64;

    private final int vocabSize;
    private final long[] counts;
    private final long[] contextCounts;
    private final long[] followers;
    private final double[] lower;
    private final double discount;

    private BigramModel(int vocabSize, long[] counts) {
        this.vocabSize = vocabSize;
        this.counts = counts;
        contextCounts = new long[vocabSize];
        followers = new long[vocabSize];
        long[] places = new long[vocabSize];
        long pairs = 0;
        for (int context = 0; context < vocabSize; context++) {
            for (int next = 0; next < vocabSize; next++) {
                long count = counts[context * vocabSize + next];
                if (count > 0) {
                    contextCounts[context] += count;
                    followers[context]++;
                    places[next]++;
                    pairs++;
                }
            }
        }
        discount = discount(counts);
        double placesDiscount = discount(places);
        long seen = 0;
        for (long place : places) {
            seen += place > 0 ? 1 : 0;
        }
        lower = new double[vocabSize];
        for (int next = 0; next < vocabSize; next++) {
            lower[next] = interpolate(places[next], pairs, seen, placesDiscount, 1.0 / vocabSize);
        }
    }

    /**
     * Counts the targets of one epoch.
     *
     * @throws InvalidArgumentException for a vocabulary above 4096: the table has its square
     */
    public static BigramModel train(Dataset data, int vocabSize) {
        if (vocabSize < 1 || vocabSize > LARGEST_VOCABULARY) {
            throw new InvalidArgumentException(
                    "a bigram model of " + vocabSize + " ids: from 1 to " + LARGEST_VOCABULARY);
        }
        return new BigramModel(vocabSize, count(data, vocabSize));
    }

    /** The mean of -ln p over the targets of one epoch: comparable with the loss of a language model. */
    public double loss(Dataset data) {
        long[] asked = count(data, vocabSize);
        double sum = 0;
        long targets = 0;
        for (int context = 0; context < vocabSize; context++) {
            for (int next = 0; next < vocabSize; next++) {
                long times = asked[context * vocabSize + next];
                if (times > 0) {
                    sum -= times * Math.log(probability(context, next));
                    targets += times;
                }
            }
        }
        return sum / targets;
    }

    /** p(next | context); sums to 1 over next. */
    public double probability(int context, int next) {
        return interpolate(
                counts[context * vocabSize + next], contextCounts[context], followers[context], discount, lower[next]);
    }

    private static double interpolate(long count, long total, long kinds, double discount, double lower) {
        return total == 0 ? lower : (Math.max(count - discount, 0) + discount * kinds * lower) / total;
    }

    private static double discount(long[] counts) {
        long once = 0;
        long twice = 0;
        for (long count : counts) {
            once += count == 1 ? 1 : 0;
            twice += count == 2 ? 1 : 0;
        }
        // Where nothing is rare the estimate has nothing to stand on, and unseen pairs still need some of the mass.
        return once == 0 || twice == 0 ? 0.5 : (double) once / (once + 2 * twice);
    }

    private static long[] count(Dataset data, int vocabSize) {
        long[] counts = new long[vocabSize * vocabSize];
        for (int start = 0; start < data.rows(); start += BATCH) {
            Batch batch = data.batch(start, Math.min(BATCH, data.rows() - start));
            for (int i = 0; i < batch.ids().length; i++) {
                if (batch.targets()[i] >= 0) {
                    counts[batch.ids()[i] * vocabSize + batch.targets()[i]]++;
                }
            }
        }
        return counts;
    }
}
