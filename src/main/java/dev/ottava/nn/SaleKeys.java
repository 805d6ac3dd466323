package dev.ottava.nn;

import dev.ottava.core.Arena;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.FourBitRows;
import dev.ottava.kernel.Sale;

/** What SALE keeps beside a layer's cache: the mean of its first keys, and all keys in 4 bits. */
final class SaleKeys implements AutoCloseable {
    /** Keys of so many rows share scales: a group that was not full has to be made again. */
    private static final int GROUP = 32;

    private final Tensor mean;
    private final FourBitRows codes;
    private long length;

    SaleKeys(Device device, LlamaConfig config, long capacity) {
        Arena arena = device.arena(MemoryPurpose.KEY_VALUE_CACHE);
        mean = arena.empty(DType.F32, 1, config.numKeyValueHeads(), config.headDim());
        codes = FourBitRows.empty(
                arena, FourBitRows.Kind.KEYS, 1, config.numKeyValueHeads(), capacity, config.headDim());
    }

    /**
     * Makes codes of the keys that have none yet. The mean is that of the keys of the first call, and stays.
     *
     * @param k [1, capacity, kvHeads, headDim], of which keyLength are there
     * @param first of the keys that are new: codes from there on are those of a call that failed
     */
    void extend(Tensor k, long first, long keyLength) {
        length = Math.min(length, first);
        if (length == 0) {
            Sale.mean(mean, k, keyLength);
        }
        Sale.quantize(codes, k, mean, length / GROUP * GROUP, keyLength);
        length = keyLength;
    }

    Tensor mean() {
        return mean;
    }

    FourBitRows codes() {
        return codes;
    }

    @Override
    public void close() {
        mean.close();
        codes.close();
    }
}
