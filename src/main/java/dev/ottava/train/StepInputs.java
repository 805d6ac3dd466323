package dev.ottava.train;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.data.Batch;
import java.util.ArrayList;
import java.util.List;

/** The batches of a step on the device: in one tensor that stays where it is, so that a graph finds the next batches where those were that it was recorded with. */
final class StepInputs implements AutoCloseable {
    private static final int ALIGNMENT = 64; // elements: 256 bytes

    /**
     * A batch on the device, until the next is loaded.
     *
     * @param rows sequences
     * @param ids [rows · length], I32
     * @param targets [rows · length], I32
     */
    record OfBatch(int rows, Tensor ids, Tensor targets) {}

    private final Device device;
    private Tensor memory;

    StepInputs(Device device) {
        this.device = device;
    }

    List<OfBatch> load(List<Batch> batches) {
        reserve(batches.stream()
                .mapToLong(each -> 2 * aligned(each.ids().length))
                .sum());
        List<OfBatch> loaded = new ArrayList<>();
        long first = 0;
        for (Batch batch : batches) {
            int count = batch.ids().length;
            Tensor ids = memory.rows(first, first + count).copyFrom(batch.ids());
            first += aligned(count);
            Tensor targets = memory.rows(first, first + count).copyFrom(batch.targets());
            first += aligned(count);
            loaded.add(new OfBatch(batch.rows(), ids, targets));
        }
        return loaded;
    }

    /** Grows by doubling, because graphs that were recorded are lost then. */
    private void reserve(long count) {
        if (memory != null && memory.count() >= count) {
            return;
        }
        long capacity = memory == null ? count : Math.max(count, 2 * memory.count());
        close();
        memory = device.empty(DType.I32, capacity);
    }

    private static long aligned(long count) {
        return (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    @Override
    public void close() {
        if (memory != null) {
            memory.close();
            memory = null; // there may be none in its place, if there is not enough
        }
    }
}
