package dev.ottava.cuda;

import dev.ottava.cuda.Product.Operands;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Matrix products of cuBLASLt on the stream of a {@code cuda} device, whose primary context it shares. One thread at a time, that of the device.
 *
 * <p>Each product is planned once: cuBLASLt proposes at most {@value Plan#CANDIDATES} algorithms, of which the first is taken until {@link #chooseFastest} has timed them; the same
 * product with the same alignment gives the same bits. It holds {@code 64 MiB} of workspace, which the device's statistics do not count.
 *
 * <p>This class loads on every machine; those behind it only where {@link #available()}.
 */
public final class CublasLt implements AutoCloseable {
    private static final int MOST_PLANS = 512;

    private static final class Library {
        static final String MISSING = Presets.load("cublas");

        private Library() {}
    }

    /** Algorithms depend on how the operands are aligned. */
    private record Key(Product product, int d, int a, int b, int bias) {}

    private final Session session;
    /** The last that were used; a run with batches of ever new lengths would otherwise keep them all. */
    private final Map<Key, Plan> plans = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Plan> eldest) {
            boolean remove = size() > MOST_PLANS;
            if (remove) {
                eldest.getValue().close();
            }
            return remove;
        }
    };

    /**
     * Opens the library on a device that {@link #available()} was true for.
     *
     * @param device handle of the C ABI
     * @param stream handle of a stream of that device
     * @throws CudaException if cuBLASLt refuses the device
     */
    public CublasLt(long device, long stream) {
        session = new Session(device, stream);
    }

    /** Whether cuBLASLt can be loaded on this machine. Looked at once. */
    public static boolean available() {
        return Library.MISSING.isEmpty();
    }

    /** One line that says what is missing; "" when {@link #available()}. */
    public static String reason() {
        return Library.MISSING;
    }

    /** For example {@code cuBLASLt 13.1.0}. */
    public String version() {
        return session.version();
    }

    /**
     * Queues the product.
     *
     * @return false, with nothing done, if cuBLASLt has no kernel for it
     * @throws CudaException if a call fails
     */
    public boolean multiply(Product product, Operands operands) {
        Plan plan = plan(product, operands);
        if (plan.candidates() == 0) {
            return false;
        }
        plan.run(operands);
        return true;
    }

    /**
     * Runs each proposed algorithm, takes the fastest from now on for this product, and returns the median seconds of each, in cuBLASLt's order; none if it has no kernel. D holds rubbish afterwards.
     *
     * @param rounds of timing, each of all algorithms in turn
     */
    public double[] chooseFastest(Product product, Operands operands, int rounds) {
        return plan(product, operands).chooseFastest(operands, rounds);
    }

    private Plan plan(Product product, Operands operands) {
        Key key = new Key(
                product,
                alignment(operands.d()),
                alignment(operands.a()),
                alignment(operands.b()),
                alignment(operands.bias()));
        Plan plan = plans.get(key);
        if (plan == null) {
            plan = new Plan(session, product, operands);
            plans.put(key, plan);
        }
        return plan;
    }

    /** The largest power of two that divides the address, to 256, which is as much as cuBLASLt asks for. */
    static int alignment(long address) {
        return (int) Math.min(256, Long.lowestOneBit(address == 0 ? 256 : address));
    }

    @Override
    public void close() {
        plans.values().forEach(Plan::close);
        plans.clear();
        session.close();
    }
}
