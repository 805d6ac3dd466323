package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Gradients of parameters, F32, while they are being summed up.
 *
 * <p>Each goes to the consumer when the last use of its parameter on the tape has been differentiated, and is then freed: a parameter used once never waits
 * (LOMO). Those that the consumer keeps stay, and the next backward pass adds to them (gradient accumulation). A linear weight used once may have an epilogue
 * in the place of a gradient.
 */
public final class ParameterGradients implements AutoCloseable {
    private static final GradientConsumer KEEP = new GradientConsumer() {
        @Override
        public void accept(Parameter parameter, Tensor gradient) {
            throw new IllegalStateException("all gradients are kept");
        }

        @Override
        public boolean keeps(Parameter parameter) {
            return true;
        }
    };

    /** A parameter and its gradient. */
    public record Complete(Parameter parameter, Tensor gradient) {}

    private final Device device;
    private final GradientConsumer consumer;
    private final Map<Parameter, SharedTensor> partial = new HashMap<>();
    private final Map<Parameter, Integer> usesLeft = new HashMap<>();

    private ParameterGradients(Device device, GradientConsumer consumer) {
        this.device = device;
        this.consumer = consumer;
    }

    /** Hands each gradient to the consumer as soon as it is complete. */
    public static ParameterGradients consumedBy(Device device, GradientConsumer consumer) {
        return new ParameterGradients(device, consumer);
    }

    /** Keeps all gradients. */
    public static ParameterGradients kept(Device device) {
        return new ParameterGradients(device, KEEP);
    }

    void expect(Map<Parameter, Integer> uses) {
        uses.forEach((parameter, count) -> usesLeft.merge(parameter, count, Integer::sum));
    }

    /** What takes the gradient of this use of a linear weight where it is made; null if it has to be opened. */
    GradientEpilogue epilogue(Parameter weight) {
        boolean once = usesLeft.get(weight) == 1 && !partial.containsKey(weight);
        return once ? consumer.epilogue(weight) : null;
    }

    /** The epilogue has taken the gradient of the only use of a weight. */
    void taken(Parameter weight) {
        usesLeft.merge(weight, -1, Integer::sum);
        consumer.taken(weight);
    }

    /** Where one use of the parameter adds its part. */
    GradientTarget open(Parameter parameter) {
        SharedTensor existing = partial.get(parameter);
        if (existing != null) {
            SharedTensor own = existing.unshared(MemoryPurpose.GRADIENTS);
            partial.put(parameter, own);
            return new GradientTarget(own.tensor(), true);
        }
        Tensor fresh = device.arena(MemoryPurpose.GRADIENTS)
                .empty(DType.F32, parameter.weight().shape());
        partial.put(parameter, new SharedTensor(fresh));
        return new GradientTarget(fresh, false);
    }

    /** Adds a part that has been computed elsewhere; it is taken without a copy if it is the first. */
    void add(Parameter parameter, SharedTensor part) {
        if (!partial.containsKey(parameter)) {
            partial.put(parameter, part.retain());
        } else {
            GradientTarget target = open(parameter);
            Elementwise.add(target.tensor(), target.tensor(), part.tensor());
        }
    }

    /** One use has added its part. */
    void done(Parameter parameter) {
        int left = usesLeft.merge(parameter, -1, Integer::sum);
        if (left == 0 && !consumer.keeps(parameter)) {
            SharedTensor complete = partial.remove(parameter);
            try {
                consumer.accept(parameter, complete.tensor());
            } finally {
                complete.release();
            }
        }
    }

    /** The gradients that were kept, in the order of the parameters; they live as long as this. */
    public List<Complete> kept() {
        return partial.entrySet().stream()
                .map(entry -> new Complete(entry.getKey(), entry.getValue().tensor()))
                .sorted(Comparator.comparingInt(each -> each.parameter().index()))
                .toList();
    }

    /** Visits the kept gradients in the order of the parameters. */
    public void forEach(BiConsumer<Parameter, Tensor> visitor) {
        kept().forEach(each -> visitor.accept(each.parameter(), each.gradient()));
    }

    @Override
    public void close() {
        partial.values().forEach(SharedTensor::release);
        partial.clear();
    }
}
