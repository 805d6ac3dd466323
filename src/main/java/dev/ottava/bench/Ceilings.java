package dev.ottava.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What this device was seen to do at most, in the same run: no data sheet.
 *
 * @param bytesPerSecond of a large copy, in and out together; 0: not measured
 * @param operationsPerSecond of the best large matrix product, by the name of the operands' dtype
 */
public record Ceilings(double bytesPerSecond, Map<String, Double> operationsPerSecond) {
    public static final Ceilings NONE = new Ceilings(0, Map.of());

    /** The best of the cases of the suite {@code ceiling}, whoever reached it: we or the peer. */
    public static Ceilings of(List<Result> results) {
        double bytes = 0;
        Map<String, Double> operations = new HashMap<>();
        for (Result result : results) {
            double seconds = result.peer() == null
                    ? result.seconds()
                    : Math.min(result.seconds(), result.peerSamples().median());
            if (result.work().operations() == 0) {
                bytes = Math.max(bytes, result.work().bytes() / seconds);
            } else {
                operations.merge(result.dtype(), result.work().operations() / seconds, Math::max);
            }
        }
        return new Ceilings(bytes, operations);
    }

    /** Of a dtype; 0: not measured. */
    public double operationsPerSecond(String dtype) {
        return operationsPerSecond.getOrDefault(dtype, 0.0);
    }
}
