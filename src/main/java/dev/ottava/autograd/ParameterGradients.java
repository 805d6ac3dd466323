package dev.ottava.autograd;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Gradients of parameters, F32, while they are being summed up.
 *
 * <p>With a consumer, each is handed over when the last use of its parameter on the tape has been differentiated, and then freed: a parameter used once never
 * waits (LOMO). Without one, all are kept and the next backward pass adds to them (gradient accumulation).
 */
public final class ParameterGradients implements AutoCloseable {
    private final Device device;
    private final BiConsumer<Parameter, Tensor> consumer;
    private final Map<Parameter, SharedTensor> partial = new HashMap<>();
    private final Map<Parameter, Integer> usesLeft = new HashMap<>();

    private ParameterGradients(Device device, BiConsumer<Parameter, Tensor> consumer) {
        this.device = device;
        this.consumer = consumer;
    }

    /** Hands each gradient to the consumer as soon as it is complete. */
    public static ParameterGradients consumedBy(Device device, BiConsumer<Parameter, Tensor> consumer) {
        return new ParameterGradients(device, consumer);
    }

    /** Keeps all gradients for {@link #forEach}. */
    public static ParameterGradients kept(Device device) {
        return new ParameterGradients(device, null);
    }

    void expect(Map<Parameter, Integer> uses) {
        uses.forEach((parameter, count) -> usesLeft.merge(parameter, count, Integer::sum));
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
        if (left == 0 && consumer != null) {
            SharedTensor complete = partial.remove(parameter);
            try {
                consumer.accept(parameter, complete.tensor());
            } finally {
                complete.release();
            }
        }
    }

    /** Visits the kept gradients in the order of the parameters. */
    public void forEach(BiConsumer<Parameter, Tensor> visitor) {
        partial.entrySet().stream()
                .sorted((a, b) -> Integer.compare(a.getKey().index(), b.getKey().index()))
                .forEach(
                        entry -> visitor.accept(entry.getKey(), entry.getValue().tensor()));
    }

    @Override
    public void close() {
        partial.values().forEach(SharedTensor::release);
        partial.clear();
    }
}
