package dev.ottava.core;

import dev.ottava.binding.Native;

/**
 * What a piece of code gives a device to do, recorded once and launched as one: the processor then spends on it what one call takes. On devices that {@link
 * Device#hasGraphs}.
 *
 * <p>Recording runs nothing on the device. A launch does the same operations on the same addresses again; so whatever differs from one launch to the next lies in
 * tensors, written before it. Tensors that the code allocates it also frees: between launches their memory serves others. The graph {@linkplain #isUsable knows}
 * whether it is free again, and whether what the code read from outside is still there.
 */
public final class Graph implements AutoCloseable {
    private final Device device;
    private final GraphMemory memory;
    private final int closedPlans;
    private long handle;

    /** What a piece of code needs of the pool, found by running it. */
    public static final class Rehearsal {
        private final MemoryDemand demand;

        private Rehearsal(MemoryDemand demand) {
            this.demand = demand;
        }
    }

    private Graph(Device device, GraphMemory memory, long handle) {
        this.device = device;
        this.memory = memory;
        this.closedPlans = closedPlans(device);
        this.handle = handle;
    }

    /** Runs {@code work} as it is, and finds what recording it needs. */
    public static Rehearsal rehearse(Device device, Runnable work) {
        try {
            MemoryDemand demand = device.pool().rehearse();
            work.run();
            return new Rehearsal(demand);
        } finally {
            device.pool().rehearsed();
        }
    }

    /** Records work that allocates nothing. */
    public static Graph record(Device device, Runnable work) {
        return record(device, new Rehearsal(new MemoryDemand()), work);
    }

    /**
     * Records what {@code work} does. It may allocate as much as it did when it was rehearsed; it may not copy from or to the host, and not wait.
     *
     * @throws UnsupportedException if it does; nothing has been done then
     * @throws DeviceMemoryException if there is not as much memory, or it needs more; nothing has been done then
     */
    public static Graph record(Device device, Rehearsal rehearsal, Runnable work) {
        GraphMemory memory = device.pool().record(rehearsal.demand);
        try {
            Status.check(Native.ottava_graph_begin(device.stream()));
            work.run();
            memory.recorded();
            long[] graph = new long[1];
            Status.check(Native.ottava_graph_end(device.stream(), graph));
            return new Graph(device, memory, graph[0]);
        } catch (Throwable e) {
            Native.ottava_graph_cancel(device.stream()); // what was not begun is not there to be cancelled
            device.pool().forget(memory);
            throw e;
        } finally {
            device.pool().recorded();
        }
    }

    private static int closedPlans(Device device) {
        return device.cudnn() == null ? 0 : device.cudnn().closedPlans();
    }

    /** Whether it can be launched now: no tensor lies in its memory, none that it reads or writes has been freed, and no library has closed a plan. */
    public boolean isUsable() {
        return handle != 0 && device.pool().isUsable(memory) && closedPlans == closedPlans(device);
    }

    /** Queues the operations. */
    public void launch() {
        if (!isUsable()) {
            throw new InvalidArgumentException("a graph of " + device + " whose memory is not there any more");
        }
        Status.check(Native.ottava_graph_launch(handle));
    }

    /** Before the device is closed. */
    @Override
    public void close() {
        if (handle != 0) {
            device.pool().forget(memory);
            Status.check(Native.ottava_graph_destroy(handle));
            handle = 0;
        }
    }
}
