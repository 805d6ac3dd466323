package dev.ottava.optim;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.MemoryPurpose;
import dev.ottava.core.Tensor;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** The tensors of an optimizer's state, by name: the parameter's name and what the tensor is. */
final class States implements AutoCloseable {
    private final Map<String, Tensor> tensors = new TreeMap<>();

    void zeros(Parameter parameter, String what, DType dtype, long... shape) {
        tensors.put(
                key(parameter, what),
                parameter.weight().device().arena(MemoryPurpose.OPTIMIZER_STATE).zeros(dtype, shape));
    }

    Tensor get(Parameter parameter, String what) {
        return tensors.get(key(parameter, what));
    }

    private static String key(Parameter parameter, String what) {
        return parameter.name() + "." + what;
    }

    Map<String, Tensor> all() {
        return Collections.unmodifiableMap(tensors);
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::close);
    }
}
