package dev.ottava.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.ToDoubleFunction;

/** Compares a gradient with (f(x + h) - f(x - h)) / 2h. */
final class CentralDifferences {
    private static final double STEP = 1e-5;

    private CentralDifferences() {}

    static void assertGradient(double[] gradient, double[] x, ToDoubleFunction<double[]> function) {
        for (int i = 0; i < x.length; i++) {
            double[] above = x.clone();
            double[] below = x.clone();
            above[i] += STEP;
            below[i] -= STEP;
            double difference = (function.applyAsDouble(above) - function.applyAsDouble(below)) / (2 * STEP);
            assertEquals(difference, gradient[i], 1e-7 * Math.max(1, Math.abs(difference)), "element " + i);
        }
    }
}
