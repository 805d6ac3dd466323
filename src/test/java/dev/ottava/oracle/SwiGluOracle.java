package dev.ottava.oracle;

/** {@code y = silu(gate) up} and its gradients. */
public final class SwiGluOracle {
    private SwiGluOracle() {}

    public static double forward(double gate, double up) {
        return gate * sigmoid(gate) * up;
    }

    public static double gateGradient(double dY, double gate, double up) {
        double s = sigmoid(gate);
        return dY * up * s * (1 + gate * (1 - s));
    }

    public static double upGradient(double dY, double gate) {
        return dY * gate * sigmoid(gate);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
