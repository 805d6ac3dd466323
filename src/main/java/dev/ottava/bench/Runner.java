package dev.ottava.bench;

import dev.ottava.bench.Case.Rival;
import dev.ottava.bench.Case.Setup;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Harness.Plan;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** Runs cases, each on a device of its own: what one leaves in memory does not meet the next, and each has its own peak. */
public final class Runner {
    private final Supplier<Device> open;
    private final Function<Device, Clock> clock;
    private final Plan plan;
    private final String command;
    private final String commit = Environment.commit();

    /** What was seen on one device. */
    private record Measured(
            Variants variants,
            List<Samples> samples,
            long peakBytes,
            Map<String, Object> details,
            Map<String, Object> environment) {}

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
        List<Result.Peer> peers = new ArrayList<>();
        for (Rival rival : one.rivals()) {
            Measured alone = measure(rival.setup(), one.cold());
            peers.add(new Result.Peer(rival.name(), alone.samples().get(0), alone.peakBytes(), alone.details()));
        }
        Measured measured = measure(one.setup(), one.cold());
        Variants variants = measured.variants();
        for (int i = 0; i < variants.peers().size(); i++) {
            peers.add(new Result.Peer(
                    variants.peers().get(i).name(), measured.samples().get(i + 1)));
        }
        return new Result(
                suite,
                one.name(),
                one.shape(),
                one.dtype().name(),
                variants.work() == null ? one.work() : variants.work(),
                measured.samples().get(0),
                peers,
                measured.peakBytes(),
                measured.details(),
                ceilings,
                measured.environment());
    }

    private Measured measure(Setup setup, boolean cold) {
        try (Device device = open.get();
                Clock time = clock.apply(device);
                Tensors tensors = new Tensors(device)) {
            Variants variants = setup.prepare(tensors);
            Map<String, Object> details = new LinkedHashMap<>(variants.details());
            String kernel = kernel(device, variants.ours());
            if (!kernel.isEmpty()) {
                details.put("kernel", kernel);
            }
            Runnable flush = cold ? tensors.flush() : () -> {};
            List<Samples> samples = new Harness(time, plan).measure(variants.runs(), flush);
            long peakBytes = cold ? 0 : device.memory().peakBytes();
            return new Measured(variants, samples, peakBytes, details, Environment.of(device, command, commit));
        }
    }

    /** The kernel that a run launches last; on cpu, whose there are. Another kernel goes before, so that a run which launches none of ours is seen. */
    private static String kernel(Device device, Runnable run) {
        if (device.name().equals("cpu")) {
            return device.property("instructions") + ", " + device.property("matmul");
        }
        try (Tensor one = device.empty(DType.F32, 1).fill(0);
                Tensor sum = device.empty(DType.F32, 1)) {
            Elementwise.sum(sum, one);
        }
        String before = device.property("last_kernel");
        run.run();
        String after = device.property("last_kernel");
        return after.equals(before) && !after.isEmpty() ? "of a library" : after;
    }
}
