package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Ranges;
import dev.ottava.core.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Records operations in the order they run, and runs them backward.
 *
 * <p>A tape that does not record saves nothing: the same model code serves for inference. Closing a tape frees whatever the backward pass has not.
 */
public final class Tape implements AutoCloseable {
    /** Differentiates one operation: reads the gradient of its output and adds to those of its inputs and parameters. */
    interface Backward {
        void run(ParameterGradients parameters);
    }

    /** What the backward pass of the operations that read a value leaves for that of the operation that made it. */
    @FunctionalInterface
    interface Output {
        void release();
    }

    /** The operation's name is that of its ranges; null where there are none. */
    private record Node(String operation, Output output, Backward backward, List<? extends Held> saved) {
        void run(ParameterGradients parameters) {
            if (operation == null) {
                backward.run(parameters);
            } else {
                Ranges.push(operation + " backward");
                try {
                    backward.run(parameters);
                } finally {
                    Ranges.pop();
                }
            }
        }

        void releaseGradient() {
            if (output != null) {
                output.release();
            }
        }

        void release() {
            releaseGradient();
            saved.forEach(Held::release);
        }
    }

    private final Device device;
    private final boolean recording;
    private final Predicate<Parameter> epilogue;
    private final boolean twice;
    private SavingPolicy policy = SavingPolicy.AS_COMPUTED;
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Parameter, Integer> uses = new HashMap<>();
    private int layer = -1;
    private String operation;

    private Tape(Device device, boolean recording, Predicate<Parameter> epilogue, boolean twice) {
        this.device = device;
        this.recording = recording;
        this.epilogue = epilogue;
        this.twice = twice;
    }

    /** A tape for training. */
    public static Tape recording(Device device) {
        return recording(device, parameter -> false, false);
    }

    /**
     * A tape for training that says what is known of its backward pass.
     *
     * @param epilogue whether a weight's gradient goes to an epilogue if it is used once
     * @param twice whether the backward pass runs twice
     */
    public static Tape recording(Device device, Predicate<Parameter> epilogue, boolean twice) {
        return new Tape(device, true, epilogue, twice);
    }

    /** A tape for inference: nothing is kept. */
    public static Tape notRecording(Device device) {
        return new Tape(device, false, parameter -> false, false);
    }

    public Device device() {
        return device;
    }

    public boolean isRecording() {
        return recording;
    }

    /** Says what the operations from here on save, and how. A tape that does not record computes as one that does. */
    public void use(SavingPolicy newPolicy) {
        policy = newPolicy;
    }

    /** What operations save now. */
    public SavingPolicy policy() {
        return policy;
    }

    /** Says which layer, counted from 0, the operations from here on are of; -1: of none. Their ranges are named after it. */
    public void enter(int newLayer) {
        layer = newLayer;
    }

    /** Begins the range of an operation. {@link #record} ends it. */
    void begin(String name) {
        if (Ranges.ON) {
            operation = layer < 0 ? name : "layer " + layer + "/" + name;
            Ranges.push(operation + " forward");
        }
    }

    /** Ends the range of an operation that has begun, and returns its name; null if none has. */
    String end() {
        String ended = operation;
        if (ended != null) {
            operation = null;
            Ranges.pop();
        }
        return ended;
    }

    /** What an operation saves of a variable. On a tape that saves nothing, a form is made only where it is computed with. */
    SharedSaved save(Variable x, Saving saving) {
        return x.saved(recording || saving == Saving.FP8 ? saving : Saving.AS_COMPUTED);
    }

    /** Whether the gradient of a weight, which the last operation of the forward pass uses, must not be made before the backward pass. */
    boolean mayNotWait(Parameter weight) {
        return twice || (!uses.containsKey(weight) && epilogue.test(weight));
    }

    /** A variable whose value is not yet computed. */
    Variable empty(DType dtype, long... shape) {
        return new Variable(
                new SharedTensor(device.arena(MemoryPurpose.ACTIVATIONS).empty(dtype, shape)));
    }

    /** Memory that belongs to an operation and not to a variable, such as the inverse root mean squares of a norm. */
    SharedTensor side(DType dtype, long... shape) {
        return new SharedTensor(device.arena(MemoryPurpose.ACTIVATIONS).empty(dtype, shape));
    }

    /** Notes an operation. {@code saved} is held until it has run backward. The loss, where the backward pass starts, has no output. */
    void record(Output output, List<Parameter> parameters, List<? extends Held> saved, Backward backward) {
        String name = end();
        if (!recording) {
            return;
        }
        saved.forEach(Held::retain);
        parameters.forEach(parameter -> uses.merge(parameter, 1, Integer::sum));
        nodes.add(new Node(name, output, backward, saved));
    }

    /**
     * Runs the operations backward from a variable whose gradient has been set, and frees each operation's memory as soon as it is done.
     *
     * @param keepForAnotherPass frees nothing but gradients, so that the backward pass can run again (global-norm clipping without a gradient in memory)
     */
    void backward(ParameterGradients parameters, boolean keepForAnotherPass) {
        parameters.expect(uses);
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            node.run(parameters);
            if (keepForAnotherPass) {
                node.releaseGradient();
            } else {
                nodes.remove(i);
                node.release();
            }
        }
    }

    @Override
    public void close() {
        end();
        nodes.forEach(Node::release);
        nodes.clear();
    }

    /** A variable with the value of another tape's, for running part of a model again. */
    static Variable sharing(Variable other) {
        return new Variable(other.shared().retain());
    }

    /** A variable that takes over a tensor; it is freed with it. */
    public static Variable owning(Tensor tensor) {
        return new Variable(new SharedTensor(tensor));
    }
}
