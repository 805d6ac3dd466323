package dev.ottava.bench;

import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Harness.Plan;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;

/** Results as the harness makes them of runs that take what they are told to. */
public final class Results {
    public static final Map<String, Object> ENVIRONMENT = Map.of(
            "device",
            "cpu",
            "processor",
            "a fake",
            "threads",
            2,
            "commit",
            "0123456789ab",
            "command",
            "ottava bench",
            "date",
            "2026-12-01T12:00:00Z");

    /** 10 GB/s and 100 GFLOP/s in F32, 200 in BF16. */
    public static final Ceilings CEILINGS = new Ceilings(10e9, Map.of("F32", 100e9, "BF16", 200e9));

    private Results() {}

    /** Measures; {@code theirs} is null if there is no peer. */
    public static Result measure(
            String suite,
            String name,
            String dtype,
            Work work,
            DoubleSupplier ours,
            String peer,
            DoubleSupplier theirs) {
        FakeClock clock = new FakeClock();
        Plan plan = new Plan(0, 0, 1e9, 5, 10, 10, 0.01, 0);
        Runnable our = clock.work("ours", ours);
        List<Runnable> variants = theirs == null ? List.of(our) : List.of(our, clock.work("theirs", theirs));
        List<Samples> samples = new Harness(clock, plan).measure(variants, () -> {});
        return new Result(
                suite,
                name,
                "1024 x 1024",
                dtype,
                work,
                samples.get(0),
                theirs == null ? List.of() : List.of(new Result.Peer(peer, samples.get(1))),
                0,
                Map.of(),
                CEILINGS,
                ENVIRONMENT);
    }

    static Result alone(String name, DoubleSupplier ours) {
        return measure("norm", name, "F32", new Work(8 << 20, 1 << 20), ours, null, null);
    }

    static Result besideCopy(String name, DoubleSupplier ours, DoubleSupplier theirs) {
        return measure("norm", name, "F32", new Work(8 << 20, 1 << 20), ours, "copy", theirs);
    }
}
