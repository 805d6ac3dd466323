package dev.ottava.hub;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;

/** Goes through a matrix by panels of as many rows as share scales, so that no second copy of it is ever in memory. */
final class Panels {
    static final long ROWS = 128;

    interface Visitor {
        /** Sees rows, not initialised, from the first on; they are freed after the last visit. */
        void visit(long first, Tensor rows);
    }

    private Panels() {}

    static void each(Parameter parameter, DType dtype, Visitor visitor) {
        Tensor weight = parameter.weight();
        try (Tensor panel = weight.device().empty(dtype, panelShape(weight.shape()))) {
            for (long first = 0; first < weight.size(0); first += ROWS) {
                visitor.visit(first, panel.rows(0, Math.min(ROWS, weight.size(0) - first)));
            }
        }
    }

    private static long[] panelShape(long[] shape) {
        shape[0] = Math.min(ROWS, shape[0]);
        return shape;
    }
}
