package dev.ottava.cuda;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Causal attention of cuDNN 9 over BF16, on the stream of a {@code cuda} device, whose primary context it shares. One thread at a time, that of the device.
 *
 * <p>Each pass over each shape is planned once, which takes a while: cuDNN may compile a kernel for it. The first engine of its heuristics that will do is taken, so that the same shape gives the same
 * bits on the same GPU and cuDNN. The last {@value #MOST_PLANS} plans are kept. Once there is a plan, a call queues work and neither waits nor allocates memory of the device, so that a CUDA graph can
 * capture it; the graph has to be made anew after as many other shapes.
 *
 * <p>The workspace is one for all, grows when a shape is planned that wants more, to powers of two, and stays until this is closed; the device's statistics do not count it. An engine has at most 1 GiB.
 * Deterministic gradients on Hopper keep 2 bytes for each query, key and head.
 *
 * <p>This class loads on every machine; those behind it only where {@link #available()}.
 */
public final class Cudnn implements AutoCloseable {
    /** Bytes that an engine may have of workspace. */
    static final long MOST_WORKSPACE = 1L << 30;

    private static final int MOST_PLANS = 128;

    /** Of masks with -infinity, and of plans made without a handle's device: what came before has bugs in its gradients besides. */
    private static final long OLDEST = 91100;

    /** Until then, gradients over a number of keys that 128 does not divide needed their lengths in memory as well. */
    private static final long LAST_WITH_PADDED_KEYS = 91500;

    /** Fewer queries are decoding, which reads keys and values once and has a new length each time. */
    private static final long FEWEST_QUERIES = 64;

    private static final long ALIGNMENT = 16;

    private static final class Library {
        static final String MISSING = missing();

        private Library() {}

        /** The presets of cuDNN load those of cuBLAS; a class that failed to initialise does not say why a second time. */
        private static String missing() {
            return CublasLt.available() ? Presets.load("cudnn") : CublasLt.reason();
        }
    }

    private record Key(AttentionShape shape, AttentionPass pass) {}

    private final CudnnSession session;
    private final String computeCapability;
    private final Map<Key, AttentionPlan> plans = new LinkedHashMap<>(16, 0.75f, true);
    private int closedPlans;

    /**
     * Opens the library on a device that {@link #available()} was true for.
     *
     * @param device handle of the C ABI
     * @param stream handle of a stream of that device
     * @param computeCapability of the GPU, as {@code 9.0}
     * @throws CudaException if cuDNN is too old or refuses the device
     */
    public Cudnn(long device, long stream, String computeCapability) {
        if (CudnnSession.version() < OLDEST) {
            throw new CudaException(version() + " is there, and 9.11 is the oldest that will do");
        }
        this.computeCapability = computeCapability;
        session = new CudnnSession(device, stream);
    }

    /** Whether cuDNN can be loaded on this machine. Looked at once. */
    public static boolean available() {
        return Library.MISSING.isEmpty();
    }

    /** One line that says what is missing; "" when {@link #available()}. */
    public static String reason() {
        return Library.MISSING;
    }

    /** For example {@code cuDNN 9.19.0}. */
    public static String version() {
        long version = CudnnSession.version();
        return "cuDNN " + version / 10000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /** Whether gradients of the same bits each time can be had on this GPU, for the shapes that have an engine. */
    public boolean hasDeterministicBackward() {
        return computeCapability.startsWith("9.");
    }

    /** Why cuDNN is not used for this, in one line; "" if it is. Plans it. */
    public String missing(AttentionShape shape, AttentionPass pass) {
        String unfit = unfit(shape, pass);
        return unfit.isEmpty() ? plan(shape, pass).missing() : unfit;
    }

    /**
     * Queues attention. Tensors are BF16, addresses on the device: q and out [batch, queryLength, heads, headDim], k and v [batch, capacity, kvHeads, headDim] of sequences {@code keyBatchPitch} apart.
     *
     * @param logSumExp F32 [batch, heads, queryLength], the natural logarithm of the softmax's denominator, scale included; 0 for none, which is {@link AttentionPass#INFERENCE}, else {@link
     *     AttentionPass#TRAINING}
     * @return false, with nothing done, if cuDNN is not used for this: {@link #missing}
     * @throws CudaException if a call fails
     */
    public boolean forward(AttentionShape shape, long out, long logSumExp, long q, long k, long v) {
        AttentionPass pass = logSumExp == 0 ? AttentionPass.INFERENCE : AttentionPass.TRAINING;
        AttentionPlan plan = aligned(out | logSumExp | q | k | v) ? usable(shape, pass) : null;
        if (plan == null) {
            return false;
        }
        if (logSumExp == 0) {
            plan.run(q, k, v, out);
        } else {
            plan.run(q, k, v, out, logSumExp);
        }
        return true;
    }

    /**
     * Queues the gradients, which are overwritten, of {@link #forward} with queryLength = keyLength; shapes as there.
     *
     * @param pass {@link AttentionPass#BACKWARD} or {@link AttentionPass#UNORDERED_BACKWARD}
     * @return false, with nothing done, if cuDNN is not used for this: {@link #missing}
     * @throws CudaException if a call fails
     */
    public boolean backward(
            AttentionShape shape,
            AttentionPass pass,
            long dQ,
            long dK,
            long dV,
            long dOut,
            long q,
            long k,
            long v,
            long out,
            long logSumExp) {
        AttentionPlan plan = aligned(dQ | dK | dV | dOut | q | k | v | out | logSumExp) ? usable(shape, pass) : null;
        if (plan == null) {
            return false;
        }
        plan.run(q, k, v, out, logSumExp, dOut, dQ, dK, dV);
        return true;
    }

    /** Null if there is none. */
    private AttentionPlan usable(AttentionShape shape, AttentionPass pass) {
        if (!unfit(shape, pass).isEmpty()) {
            return null;
        }
        AttentionPlan plan = plan(shape, pass);
        return plan.missing().isEmpty() ? plan : null;
    }

    private static boolean aligned(long addresses) {
        return addresses % ALIGNMENT == 0;
    }

    private String unfit(AttentionShape shape, AttentionPass pass) {
        if (shape.batch() == 0 || shape.queryLength() < FEWEST_QUERIES) {
            return "it is for " + FEWEST_QUERIES + " queries and more";
        }
        if (pass == AttentionPass.BACKWARD && !hasDeterministicBackward()) {
            return "its gradients are known to be deterministic on compute capability 9 alone, and this is "
                    + computeCapability;
        }
        if (pass.backward() && shape.keyLength() % 128 != 0 && CudnnSession.version() <= LAST_WITH_PADDED_KEYS) {
            return version() + " has gradients for multiples of 128 keys alone";
        }
        return "";
    }

    /** How many plans have been closed since this was opened: what a graph launches of theirs is gone. */
    public int closedPlans() {
        return closedPlans;
    }

    private AttentionPlan plan(AttentionShape shape, AttentionPass pass) {
        Key key = new Key(shape, pass);
        AttentionPlan plan = plans.get(key);
        if (plan == null) {
            if (plans.size() == MOST_PLANS) {
                session.synchronize(); // it may be running
                plans.remove(plans.keySet().iterator().next()).close();
                closedPlans++;
            }
            plan = new AttentionPlan(session, shape, pass);
            plans.put(key, plan);
        }
        return plan;
    }

    @Override
    public void close() {
        session.synchronize();
        plans.values().forEach(AttentionPlan::close);
        plans.clear();
        session.close();
    }
}
