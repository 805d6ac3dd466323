package dev.ottava.nn;

import dev.ottava.core.InvalidArgumentException;

/**
 * How far the output O' of a sparse head may be from that of the dense one, O, both [queries, headDim].
 *
 * @param relative what is below the limit: false: |O' - O|_1 / queries; true: |O' - O|_1 / |O|_1
 * @param limit above 0
 */
public record SaleErrorBound(boolean relative, double limit) {
    public SaleErrorBound {
        if (!(limit > 0 && limit < Double.POSITIVE_INFINITY)) {
            throw new InvalidArgumentException(
                    (relative ? "relative error " : "error ") + limit + ": a number above 0");
        }
    }

    /** The error of sums |O' - O|_1 and |O|_1. */
    double error(double difference, double size, long queries) {
        return difference == 0 ? 0 : difference / (relative ? size : queries);
    }
}
