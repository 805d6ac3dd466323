package dev.ottava.nn;

import dev.ottava.core.InvalidArgumentException;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Chooses the next token: the likeliest at temperature 0, otherwise by chance among the likeliest that together reach {@code topP} (Holtzman et al., 2020). */
public final class Sampler {
    private final double temperature;
    private final double topP;
    private final SplittableRandom random;

    /**
     * A sampler; the same seed and logits give the same tokens.
     *
     * @param temperature logits are divided by it; 0 is greedy
     * @param topP in (0, 1]; 1 allows every token
     */
    public Sampler(double temperature, double topP, long seed) {
        if (!(temperature >= 0) || !(topP > 0 && topP <= 1)) {
            throw new InvalidArgumentException(
                    "temperature " + temperature + ", top-p " + topP + ": from 0, and above 0 up to 1");
        }
        this.temperature = temperature;
        this.topP = topP;
        this.random = new SplittableRandom(seed);
    }

    /** The index of a logit. */
    public int sample(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        if (temperature == 0) {
            return best;
        }
        double[] weights = new double[logits.length];
        double total = 0;
        for (int i = 0; i < logits.length; i++) {
            weights[i] = Math.exp((logits[i] - logits[best]) / temperature);
            total += weights[i];
        }
        int[] order = IntStream.range(0, logits.length)
                .boxed()
                .sorted((a, b) -> Double.compare(weights[b], weights[a]))
                .mapToInt(Integer::intValue)
                .toArray();
        double kept = 0;
        int count = 0;
        while (count < order.length && (count == 0 || kept < topP * total)) {
            kept += weights[order[count++]];
        }
        double drawn = random.nextDouble() * kept;
        for (int i = 0; i < count - 1; i++) {
            drawn -= weights[order[i]];
            if (drawn < 0) {
                return order[i];
            }
        }
        return order[count - 1];
    }
}
