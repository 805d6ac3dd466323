package dev.ottava.bench;

import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Harness.Plan;
import dev.ottava.core.Device;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** Runs cases, each on a device of its own: what one leaves in memory does not meet the next, and each has its own peak. */
public final class Runner {
    private final Supplier<Device> open;
    private final Function<Device, Clock> clock;
    private final Plan plan;
    private final String command;
    private final String commit = Environment.commit();

    /**
     * A runner.
     *
     * @param open opens the device
     * @param clock of a device
     * @param command as it was typed
     */
    public Runner(Supplier<Device> open, Function<Device, Clock> clock, Plan plan, String command) {
        this.open = open;
        this.clock = clock;
        this.plan = plan;
        this.command = command;
    }

    /** Measures a case. */
    public Result run(String suite, Case one, Ceilings ceilings) {
        try (Device device = open.get();
                Clock time = clock.apply(device);
                Tensors tensors = new Tensors(device)) {
            Variants variants = one.setup().prepare(tensors);
            Runnable flush = one.cold() ? tensors.flush() : () -> {};
            List<Samples> samples = new Harness(time, plan).measure(variants.runs(), flush);
            return new Result(
                    suite,
                    one.name(),
                    one.shape(),
                    one.dtype().name(),
                    one.work(),
                    samples.get(0),
                    variants.peer(),
                    variants.peer() == null ? null : samples.get(1),
                    one.cold() ? 0 : device.memory().peakBytes(),
                    ceilings,
                    Environment.of(device, command, commit));
        }
    }
}
