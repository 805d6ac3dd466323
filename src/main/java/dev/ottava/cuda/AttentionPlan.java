package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINECFG_ENGINE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINEHEUR_MODE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINEHEUR_RESULTS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_ENGINE_NUMERICAL_NOTE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_EXECUTION_PLAN_HANDLE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_ATTR_VARIANT_PACK_WORKSPACE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_ENGINECFG_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_ENGINE_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_HEUR_MODE_A;
import static org.bytedeco.cuda.global.cudnn.CUDNN_HEUR_MODE_FALLBACK;
import static org.bytedeco.cuda.global.cudnn.CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_BACKEND_DESCRIPTOR;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_HANDLE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_HEUR_MODE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_INT64;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_NUMERICAL_NOTE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TYPE_VOID_PTR;
import static org.bytedeco.cuda.global.cudnn.cudnnBackendExecute;

import dev.ottava.cuda.CudnnSession.NotSupported;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;

/** One pass of attention over one shape, by the first of cuDNN's engines that will do; or why there is none. */
final class AttentionPlan implements AutoCloseable {
    private static final int MOST_NOTES = 64;
    private static final long ALIGNMENT = 256;

    private final CudnnSession session;
    private final AttentionShape shape;
    private final AttentionPass pass;
    private final CudnnGraph graph = new CudnnGraph();
    private Descriptor plan;
    private String missing = "";
    private long engineBytes;

    /** Where the tensors of the workspace begin in it, behind what the engine takes. */
    private final List<Long> offsets = new ArrayList<>();

    private LongPointer identities;
    private LongPointer addresses;
    private final LongPointer workspace = new LongPointer(1);

    AttentionPlan(CudnnSession session, AttentionShape shape, AttentionPass pass) {
        this.session = session;
        this.shape = shape;
        this.pass = pass;
        session.enter();
        try {
            if (pass.backward()) {
                AttentionGraphs.backward(shape, pass.deterministic(), graph);
            } else {
                AttentionGraphs.forward(shape, pass == AttentionPass.TRAINING, graph);
            }
            choose(graph.finish(session));
            layOut();
        } catch (NotSupported e) {
            missing = e.getMessage();
        } catch (CudaException e) {
            close();
            throw new CudaException(this + ": " + e.getMessage());
        }
    }

    /** Why cuDNN cannot be used for this; "" if it can. */
    String missing() {
        return missing;
    }

    /** Queues it. */
    void run(long... tensors) {
        session.enter();
        for (int i = 0; i < tensors.length; i++) {
            addresses.put(i, tensors[i]);
        }
        for (int i = 0; i < offsets.size(); i++) {
            addresses.put(tensors.length + i, session.workspace() + offsets.get(i));
        }
        workspace.put(session.workspace());
        long count = identities.capacity();
        try (Descriptor pack = new Descriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)
                .set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, identities)
                .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, addresses)
                .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, workspace)) {
            pack.finish("where the tensors are");
            CudnnSession.check(
                    "cudnnBackendExecute of " + this, cudnnBackendExecute(session.handle, plan.pointer, pack.pointer));
        } catch (NotSupported e) {
            throw new CudaException("cudnnBackendFinalize of a variant pack failed: " + e.getMessage());
        }
    }

    private void choose(Descriptor operations) throws NotSupported {
        String refused = "";
        String unsupported = "cuDNN has no engine for it";
        for (int mode : new int[] {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
            try (Descriptor heuristics = new Descriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)) {
                heuristics
                        .setDescriptors(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, operations)
                        .set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode)
                        .finish("heuristics");
                int count = heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, null);
                for (Descriptor engine : heuristics.getDescriptors(
                        CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, count)) {
                    try (engine) {
                        refused = plan == null ? refuse(engine, refused) : refused;
                    } catch (NotSupported e) {
                        unsupported = e.getMessage();
                    }
                }
            } catch (NotSupported e) {
                unsupported = e.getMessage();
            }
            if (plan != null) {
                return;
            }
        }
        throw new NotSupported(refused.isEmpty() ? unsupported : refused);
    }

    /** Makes the plan with that engine, or returns why we do not want it. */
    private String refuse(Descriptor engine, String before) throws NotSupported {
        if (pass.deterministic() && notes(engine).contains(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) {
            return "cuDNN's engine for it is not deterministic";
        }
        Descriptor made = new Descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
        try (LongPointer bytes = new LongPointer(1).put(0)) {
            made.setWords(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, session.handle.address())
                    .setDescriptors(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, engine)
                    .finish("a plan");
            made.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, bytes);
            if (bytes.get() > Cudnn.MOST_WORKSPACE) {
                return "cuDNN's engine for it wants " + (bytes.get() >> 20) + " MiB of workspace, and "
                        + (Cudnn.MOST_WORKSPACE >> 20) + " MiB are the most";
            }
            engineBytes = bytes.get();
            plan = made;
            return before;
        } finally {
            if (plan != made) {
                made.close();
            }
        }
    }

    private static List<Integer> notes(Descriptor configuration) {
        List<Integer> notes = new ArrayList<>();
        try (IntPointer found = new IntPointer(MOST_NOTES)) {
            for (Descriptor engine :
                    configuration.getDescriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1)) {
                try (engine) {
                    int count =
                            engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, MOST_NOTES, found);
                    for (int i = 0; i < count; i++) {
                        notes.add(found.get(i));
                    }
                }
            }
        }
        return notes;
    }

    private void layOut() {
        long end = engineBytes;
        long rows = shape.batch() * shape.heads() * shape.queryLength();
        if (pass.backward()) {
            end = place(end, 4 * rows);
        }
        if (pass == AttentionPass.UNORDERED_BACKWARD) {
            end = place(end, 4 * rows * shape.headDim());
        }
        session.reserve(end);
        identities = new LongPointer(graph.identities());
        addresses = new LongPointer(identities.capacity());
        long[] numbers = graph.numbers();
        for (int i = 0; i < numbers.length; i++) {
            addresses.put(identities.capacity() - numbers.length + i, numbers[i]);
        }
    }

    private long place(long end, long bytes) {
        long begin = (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        offsets.add(begin);
        return begin + bytes;
    }

    @Override
    public void close() {
        if (plan != null) {
            plan.close();
        }
        graph.close();
        for (LongPointer owned : new LongPointer[] {identities, addresses, workspace}) {
            if (owned != null) {
                owned.close();
            }
        }
    }

    @Override
    public String toString() {
        return "attention (" + pass.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ') + ") of " + shape;
    }
}
