package dev.ottava.train;

import dev.ottava.core.Device;
import dev.ottava.core.DeviceException;
import dev.ottava.core.DeviceMemoryException;
import dev.ottava.core.Graph;
import dev.ottava.core.OttavaException;
import dev.ottava.core.UnsupportedException;
import dev.ottava.nn.LlamaModel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Steps that are launched from graphs, one for each shape of batches. The first step of a shape is not: it loads kernels, has libraries plan their products, and shows
 * what memory is needed. The second is recorded and launched, and those after it are launched, until something took the memory of the graph, and it is recorded anew. The shapes used last are known; in a run with batches
 * of ever new lengths no step is recorded.
 */
final class StepGraphs implements AutoCloseable {
    static final int MOST_SHAPES = 8;
    private static final int MOST_ATTEMPTS = 3;

    private record Shape(int rows, long tokens) {}

    /** A shape that was seen, and its graph, or null. */
    private static final class Seen {
        private Graph.Rehearsal rehearsal;
        private Graph graph;

        private void close() {
            if (graph != null) {
                graph.close();
                graph = null;
            }
        }
    }

    private final LlamaModel model;
    private final Map<List<Shape>, Seen> shapes = new LinkedHashMap<>(16, 0.75f, true);
    private boolean on;
    private int attempts;
    private String notice;

    StepGraphs(LlamaModel model, boolean wanted) {
        this.model = model;
        this.on = wanted && model.device().hasGraphs();
    }

    /**
     * Launches the step from a graph, if there is one or one can be recorded now; otherwise runs it.
     *
     * @param inputs on the device already
     * @param step gives the device what is to be done; it is called to be run or recorded, or not at all
     * @return whether it was launched from a graph
     */
    boolean run(List<StepInputs.OfBatch> inputs, Runnable step) {
        if (!on) {
            step.run();
            return false;
        }
        Seen seen = seen(inputs);
        if (seen.graph != null && !seen.graph.isUsable()) {
            seen.close();
        }
        if (seen.graph == null && seen.rehearsal != null) {
            seen.graph = record(seen.rehearsal, step);
        }
        if (seen.graph == null) {
            seen.rehearsal = Graph.rehearse(model.device(), step);
            return false;
        }
        seen.graph.launch();
        model.changed();
        return true;
    }

    private Seen seen(List<StepInputs.OfBatch> inputs) {
        List<Shape> key = inputs.stream()
                .map(each -> new Shape(each.rows(), each.ids().count()))
                .toList();
        Seen seen = shapes.computeIfAbsent(key, shape -> new Seen());
        closeEldest();
        return seen;
    }

    private void closeEldest() {
        if (shapes.size() > MOST_SHAPES) {
            List<Shape> eldest = shapes.keySet().iterator().next();
            shapes.remove(eldest).close();
        }
    }

    /** Null where it cannot be recorded. */
    private Graph record(Graph.Rehearsal rehearsal, Runnable step) {
        Device device = model.device();
        // What is known of the weights now is not known in every step; and what is learned while recording has not come
        // about.
        model.changed();
        try {
            Graph graph = Graph.record(device, rehearsal, step);
            attempts = 0;
            return graph;
        } catch (DeviceMemoryException e) {
            if (++attempts == MOST_ATTEMPTS) {
                off(e);
            }
        } catch (UnsupportedException | DeviceException e) {
            off(e);
        } finally {
            model.changed();
        }
        return null;
    }

    private void off(OttavaException reason) {
        close();
        notice = "training without a graph: " + reason.getMessage();
    }

    /** Why there are no more graphs, once. */
    Optional<String> notice() {
        Optional<String> said = Optional.ofNullable(notice);
        notice = null;
        return said;
    }

    /** What was recorded is not what a step does now. */
    void forget() {
        shapes.values().forEach(Seen::close);
        shapes.clear();
    }

    @Override
    public void close() {
        forget();
        on = false;
    }
}
