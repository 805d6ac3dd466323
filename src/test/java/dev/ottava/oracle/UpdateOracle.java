package dev.ottava.oracle;

/** The updates of parameters. Arrays are changed in place; the control's values come as arguments. */
public final class UpdateOracle {
    private UpdateOracle() {}

    /** What turns a gradient into g: the clamp (0: none), then the coefficient. */
    public record Clip(double maxValue, double coefficient) {
        double of(double gradient) {
            double clamped = gradient;
            if (maxValue != 0 && Math.abs(gradient) > maxValue) {
                clamped = Math.copySign(maxValue, gradient);
            }
            return clamped * coefficient;
        }
    }

    public static void lomo(double[] weight, double[] gradient, double learningRate, double weightDecay, Clip clip) {
        for (int i = 0; i < weight.length; i++) {
            weight[i] = weight[i] * (1 - learningRate * weightDecay) - learningRate * clip.of(gradient[i]);
        }
    }

    /** AdaLomo for a matrix of row.length rows and column.length columns. */
    public static void adaLomo(
            double[] weight,
            double[] gradient,
            double[] row,
            double[] column,
            int step,
            double learningRate,
            double weightDecay,
            Clip clip) {
        int columns = column.length;
        double beta = 1 - Math.pow(step, -0.8);
        double[] rowMean = new double[row.length];
        double[] columnMean = new double[columns];
        double[] u = new double[weight.length];
        for (int k = 0; k < weight.length; k++) {
            u[k] = clip.of(gradient[k]);
            double square = u[k] * u[k] + 1e-30;
            rowMean[k / columns] += square / columns;
            columnMean[k % columns] += square / row.length;
        }
        double mean = 0;
        for (int i = 0; i < row.length; i++) {
            row[i] = beta * row[i] + (1 - beta) * rowMean[i];
            mean += row[i] / row.length;
        }
        for (int j = 0; j < columns; j++) {
            column[j] = beta * column[j] + (1 - beta) * columnMean[j];
        }
        for (int k = 0; k < weight.length; k++) {
            u[k] /= Math.sqrt(row[k / columns] * column[k % columns] / mean);
        }
        relativeStep(weight, u, learningRate, weightDecay);
    }

    /** AdaLomo for a vector. */
    public static void adaLomo(
            double[] weight,
            double[] gradient,
            double[] secondMoment,
            int step,
            double learningRate,
            double weightDecay,
            Clip clip) {
        double beta = 1 - Math.pow(step, -0.8);
        double[] u = new double[weight.length];
        for (int i = 0; i < weight.length; i++) {
            double g = clip.of(gradient[i]);
            secondMoment[i] = beta * secondMoment[i] + (1 - beta) * (g * g + 1e-30);
            u[i] = g / Math.sqrt(secondMoment[i]);
        }
        relativeStep(weight, u, learningRate, weightDecay);
    }

    private static void relativeStep(double[] weight, double[] u, double learningRate, double weightDecay) {
        double a = learningRate * Math.max(1e-3, rms(weight));
        double divisor = Math.max(1, rms(u));
        for (int i = 0; i < weight.length; i++) {
            weight[i] = weight[i] * (1 - a * weightDecay) - a * u[i] / divisor;
        }
    }

    public static void adamW(
            double[] weight,
            double[] gradient,
            double[] firstMoment,
            double[] secondMoment,
            int step,
            double learningRate,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            Clip clip) {
        for (int i = 0; i < weight.length; i++) {
            double g = clip.of(gradient[i]);
            firstMoment[i] = beta1 * firstMoment[i] + (1 - beta1) * g;
            secondMoment[i] = beta2 * secondMoment[i] + (1 - beta2) * g * g;
            double m = firstMoment[i] / (1 - Math.pow(beta1, step));
            double v = secondMoment[i] / (1 - Math.pow(beta2, step));
            weight[i] = weight[i] * (1 - learningRate * weightDecay) - learningRate * m / (Math.sqrt(v) + epsilon);
        }
    }

    public static double sumSquares(double[] x) {
        double sum = 0;
        for (double value : x) {
            sum += value * value;
        }
        return sum;
    }

    private static double rms(double[] x) {
        return Math.sqrt(sumSquares(x) / x.length);
    }
}
