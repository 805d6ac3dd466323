package dev.ottava.bench.suite;

import dev.ottava.core.InvalidArgumentException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The suites, by name. */
public final class Suites {
    private static final Map<String, Suite> SUITES = new LinkedHashMap<>();

    static {
        SUITES.put("gemm", new GemmSuite());
        SUITES.put("quantize", new QuantizeSuite());
        SUITES.put("norm", new NormSuite());
        SUITES.put("activation", new ActivationSuite());
        SUITES.put("loss", new LossSuite());
        SUITES.put("attention", new AttentionSuite());
        SUITES.put("sparse-attention", new SparseAttentionSuite());
        SUITES.put("optimizer", new OptimizerSuite());
        SUITES.put("fused", new FusedSuite());
        SUITES.put("block", new BlockSuite());
        SUITES.put("step", new StepSuite());
    }

    private Suites() {}

    public static List<String> names() {
        return List.copyOf(SUITES.keySet());
    }

    /** The suite of that name. */
    public static Suite named(String name) {
        Suite suite = SUITES.get(name);
        if (suite == null) {
            throw new InvalidArgumentException(
                    "bench " + name + ": there is no such suite: " + String.join(", ", names()));
        }
        return suite;
    }
}
