package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.fail;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdamWUpdate.Hyperparameters;
import dev.ottava.kernel.AdamWUpdate.Target;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * AdamW with moments in FP8 on 10,000 groups of numbers that come hard: never a NaN in a state that had none, never a zero for a second moment that is none, and
 * no step larger than twice the largest that AdamW with exact moments makes in the group.
 */
class CoatFuzzContractTest extends UpdateContract {
    /** Groups of 128, and beside them tensors of one group each, of one element and more. */
    private static final int WHOLE_GROUPS = 9_950;

    private static final int TAILS = 50;
    private static final int STEPS = 2;
    private static final int GROUP = 128;
    private static final double RATE = 1;
    private static final Hyperparameters BETAS = new Hyperparameters(0.9, 0.95, 1e-8);

    /** A tensor's gradients, step by step. */
    private record Fuzz(int count, float[][] gradients) {}

    private Fuzz fuzz(int count) {
        Fuzz fuzz = new Fuzz(count, new float[STEPS][count]);
        for (int first = 0; first < count; first += GROUP) {
            int kind = random.nextInt(10);
            double size = Math.pow(10, 30 * random.nextDouble() - 15);
            for (int i = first; i < Math.min(count, first + GROUP); i++) {
                double own = magnitude(kind, size, i - first);
                for (int step = 0; step < STEPS; step++) {
                    double sign = random.nextBoolean() ? 1 : -1;
                    boolean nan = kind == 9 && random.nextInt(50) == 0;
                    fuzz.gradients[step][i] = nan ? Float.NaN : (float) (sign * own);
                }
            }
        }
        return fuzz;
    }

    private double magnitude(int kind, double size, int i) {
        return switch (kind) {
            case 0 -> 0;
            case 1 -> size; // constant
            case 2 -> 1e-45 * random.nextInt(100_000); // denormals
            case 3 -> i == 77 ? size : 0; // one alone
            case 4 -> Math.pow(10, 30 * random.nextDouble() - 15); // m from 1 to 1e30, v from 1 to 1e60
            case 5 -> Math.pow(10, 15 * random.nextDouble() - 7); // v from 1 to 1e30
            case 6 -> random.nextBoolean() ? 0 : size * random.nextDouble();
            case 7 -> size * (1 + 1e-6 * random.nextDouble()); // nearly constant
            case 8 -> size * (random.nextInt(GROUP) == 0 ? 1 : 1e-6); // an outlier
            default -> Math.abs(size * random.nextGaussian());
        };
    }

    @Test
    void hardGroups() {
        List<Fuzz> tensors = new ArrayList<>(List.of(fuzz(WHOLE_GROUPS * GROUP)));
        for (int i = 0; i < TAILS; i++) {
            tensors.add(fuzz(i % 3 == 0 ? 1 : 1 + random.nextInt(GROUP)));
        }
        List<Output> outputs = run(bench -> steps(bench, tensors));
        for (int t = 0; t < tensors.size(); t++) {
            check(tensors.get(t), outputs.subList(t * 3 * STEPS, (t + 1) * 3 * STEPS));
        }
    }

    /** After each step: the weight, which was zero before it, so that it is the step; codes of the moments. */
    private static List<Tensor> steps(Workbench bench, List<Fuzz> tensors) {
        List<Target> targets = new ArrayList<>();
        List<List<Tensor>> outputs = new ArrayList<>();
        for (Fuzz fuzz : tensors) {
            AdamWMoment first = moment(bench, fuzz.count);
            AdamWMoment second = moment(bench, fuzz.count);
            Tensor weight = bench.empty(DType.F32, fuzz.count);
            Tensor gradient = bench.empty(DType.F32, fuzz.count);
            targets.add(new Target(weight, null, gradient, first, second, 0, Rounding.NEAREST, null));
            outputs.add(new ArrayList<>());
        }
        try (StepControl control = new StepControl(bench.device())) {
            for (int step = 0; step < STEPS; step++) {
                control.begin(step + 1, RATE);
                for (int t = 0; t < targets.size(); t++) {
                    targets.get(t).weight().copyFrom(new float[tensors.get(t).count]);
                    targets.get(t).gradient().copyFrom(tensors.get(t).gradients[step]);
                }
                AdamWUpdate.apply(control, targets, BETAS, 0);
                for (int t = 0; t < targets.size(); t++) {
                    Target target = targets.get(t);
                    for (Tensor tensor : List.of(
                            target.weight(),
                            target.first().values(),
                            target.second().values())) {
                        outputs.get(t)
                                .add(bench.empty(tensor.dtype(), tensor.count()).copyFrom(tensor));
                    }
                }
            }
        }
        return outputs.stream().flatMap(List::stream).toList();
    }

    private static AdamWMoment moment(Workbench bench, int count) {
        Tensor codes = bench.empty(DType.E4M3, count).copyFrom(Workbench.direct(new byte[count]));
        long[] groups = AdamWMoment.groupShape(count);
        return new AdamWMoment.Expanded(
                codes, bench.empty(DType.F32, groups).copyFrom(new float[(int) (groups[0] * groups[1])]));
    }

    private static void check(Fuzz fuzz, List<Output> outputs) {
        double[] m = new double[fuzz.count];
        double[] v = new double[fuzz.count];
        double[] exact = new double[fuzz.count];
        for (int step = 0; step < STEPS; step++) {
            float[] steps = outputs.get(3 * step).floats();
            for (int first = 0; first < fuzz.count; first += GROUP) {
                int end = Math.min(fuzz.count, first + GROUP);
                double largest = 0;
                for (int i = first; i < end; i++) {
                    exact[i] = exactStep(m, v, i, fuzz.gradients[step][i], step + 1);
                    largest = Math.max(largest, Double.isNaN(exact[i]) ? 0 : Math.abs(exact[i]));
                }
                for (int i = first; i < end; i++) {
                    String wrong = wrong(
                            exact[i],
                            steps[i],
                            2 * largest + 1e-20,
                            outputs.get(3 * step + 1).bytes().get(i),
                            outputs.get(3 * step + 2).bytes().get(i),
                            v[i]);
                    if (wrong != null) {
                        fail("element " + i + " of " + fuzz.count + " in step " + (step + 1) + ": " + wrong);
                    }
                }
            }
        }
    }

    private static String wrong(double exact, float step, double bound, byte first, byte second, double exactSecond) {
        if ((first & 0x7f) == 0x7f || (second & 0x7f) == 0x7f) {
            return "NaN in the state";
        }
        if (exactSecond > 1e-38 && second == 0) {
            return "zero for a second moment of " + exactSecond;
        }
        if (Double.isNaN(exact) != Float.isNaN(step)) {
            return "a step of " + step + ", not " + exact;
        }
        return Math.abs(step) > bound ? "a step of " + step + ", above " + bound : null;
    }

    /** A gradient of NaN gives a step of NaN, and leaves the moments as they are. */
    private static double exactStep(double[] m, double[] v, int i, double gradient, int step) {
        if (Double.isNaN(gradient)) {
            return Double.NaN;
        }
        m[i] = BETAS.beta1() * m[i] + (1 - BETAS.beta1()) * gradient;
        v[i] = BETAS.beta2() * v[i] + (1 - BETAS.beta2()) * gradient * gradient;
        double first = m[i] / (1 - Math.pow(BETAS.beta1(), step));
        double second = v[i] / (1 - Math.pow(BETAS.beta2(), step));
        return RATE * first / (Math.sqrt(second) + BETAS.epsilon());
    }
}
