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
 * Steps that are launched from graphs, one for each shape of batches. The first step of a shape is not: it loads kernels, has libraries plan their products, and brings the
 * pool the memory that is needed. The second is recorded and launched, and those after it are launched. The shapes used last are known; in a run with batches
 * of ever new lengths no step is recorded.
 */
final class StepGraphs implements AutoCloseable {
    static final int MOST_SHAPES = 8;
    private static final int MOST_ATTEMPTS = 3;

    private record Shape(int rows, long tokens) {}

    /** A shape that was seen, and its graph, or null. */
    private static final class Seen {
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
     * Launches the step from a graph, if there is one or one can be recorded now.
     *
     * @param inputs on the device already
     * @param step gives the device what is to be done; it is called to be recorded, or not at all
     * @return false, with nothing done, if the step is to be run without a graph
     */
    boolean launch(List<StepInputs.OfBatch> inputs, Runnable step) {
        if (!on) {
            return false;
        }
        List<Shape> key = inputs.stream()
                .map(each -> new Shape(each.rows(), each.ids().count()))
                .toList();
        Seen seen = shapes.get(key);
        if (seen == null) {
            shapes.put(key, new Seen());
            closeEldest();
            return false;
        }
        if (seen.graph == null) {
            seen.graph = record(step);
        } else if (!seen.graph.isUsable()) {
            seen.close(); // the step that runs now brings its memory again, and the next is recorded
        }
        if (seen.graph == null) {
            return false;
        }
        seen.graph.launch();
        model.changed();
        return true;
    }

    private void closeEldest() {
        if (shapes.size() > MOST_SHAPES) {
            List<Shape> eldest = shapes.keySet().iterator().next();
            shapes.remove(eldest).close();
        }
    }

    /** Null where it cannot be recorded. */
    private Graph record(Runnable step) {
        Device device = model.device();
        // What is known of the weights now is not known in every step; and what is learned while recording has not come about.
        model.changed();
        try {
            Graph graph = Graph.record(device, step);
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
