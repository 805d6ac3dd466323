package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdamWUpdate.Hyperparameters;
import dev.ottava.oracle.PhiloxOracle;
import dev.ottava.oracle.UpdateOracle;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** Many tensors in one launch: bit for bit what each gives alone. More of them than fit into one launch. */
class UpdateTablesContractTest extends UpdateContract {
    private static final int[] COUNTS = {1, 300, 8, 2049, 17};
    private static final int TENSORS = 101;

    /** Which are compared: at the ends of launches of 48 (AdamW), 64 (AdaLomo) and 96 (LOMO), and of other sizes. */
    private static final List<Integer> COMPARED = List.of(0, 47, 48, 63, 64, 78, 95, 96, 100);

    private static final Hyperparameters BETAS = new Hyperparameters(0.9, 0.95, 1e-8);

    private void compare(List<DType> dtypes, BiConsumer<StepControl, List<List<Tensor>>> update) {
        List<List<float[]>> values = new ArrayList<>();
        for (int i = 0; i < TENSORS; i++) {
            List<float[]> one = new ArrayList<>();
            for (int k = 0; k < dtypes.size(); k++) {
                float[] numbers = gaussian(dtypes.get(k), COUNTS[i % COUNTS.length], 0.5);
                if (k == 3) { // a second moment
                    for (int j = 0; j < numbers.length; j++) {
                        numbers[j] = round(dtypes.get(k), numbers[j] * numbers[j]);
                    }
                }
                one.add(numbers);
            }
            values.add(one);
        }
        List<Output> together = run(dtypes, values, update);
        List<Output> alone = run(
                dtypes,
                COMPARED.stream().map(values::get).toList(),
                (control, tensors) -> tensors.forEach(one -> update.accept(control, List.of(one))));
        int outputs = dtypes.size() + 1;
        for (int i = 0; i < alone.size(); i++) {
            Output same = together.get(COMPARED.get(i / outputs) * outputs + i % outputs);
            assertEquals(-1, same.bytes().mismatch(alone.get(i).bytes()), alone.get(i) + ", place " + i % outputs);
        }
    }

    private List<Output> run(
            List<DType> dtypes, List<List<float[]>> values, BiConsumer<StepControl, List<List<Tensor>>> update) {
        return update(5, 0.01, true, (bench, control) -> {
            List<List<Tensor>> tensors = new ArrayList<>();
            List<Tensor> all = new ArrayList<>();
            for (List<float[]> one : values) {
                List<Tensor> row = new ArrayList<>();
                for (int k = 0; k < dtypes.size(); k++) {
                    row.add(bench.of(dtypes.get(k), one.get(k), one.get(k).length));
                }
                row.add(bench.empty(DType.F32, 1));
                tensors.add(row);
                all.addAll(row);
            }
            update.accept(control, tensors);
            return all;
        });
    }

    private static Rounding rounding(Tensor weight) {
        return new Rounding(true, STOCHASTIC.seed(), (int) weight.count());
    }

    @Test
    void lomo() {
        for (DType dtype : DTYPES) {
            compare(List.of(dtype, DType.BF16), (control, tensors) -> {
                List<LomoUpdate.Target> targets = tensors.stream()
                        .map(t -> new LomoUpdate.Target(t.get(0), t.get(1), 0.1, rounding(t.get(0)), t.get(2)))
                        .toList();
                LomoUpdate.apply(control, targets, 0.5);
            });
        }
    }

    @Test
    void adaLomo() {
        for (DType dtype : DTYPES) {
            // The third place is not used, so that the fourth, which is positive, is the second moment.
            compare(List.of(dtype, DType.F32, DType.F32, DType.F32), (control, tensors) -> {
                List<AdaLomoUpdate.VectorTarget> targets = tensors.stream()
                        .map(t -> new AdaLomoUpdate.VectorTarget(
                                t.get(0), t.get(1), t.get(3), 0.1, rounding(t.get(0)), t.get(4)))
                        .toList();
                AdaLomoUpdate.applyToVectors(control, targets, 0);
            });
        }
    }

    @Test
    void adamW() {
        for (DType dtype : DTYPES) {
            compare(List.of(dtype, DType.BF16, dtype, dtype), (control, tensors) -> {
                List<AdamWUpdate.Target> targets = tensors.stream()
                        .map(t -> new AdamWUpdate.Target(
                                t.get(0),
                                null,
                                t.get(1),
                                new AdamWMoment.Plain(t.get(2)),
                                new AdamWMoment.Plain(t.get(3)),
                                0.1,
                                rounding(t.get(0)),
                                t.get(4)))
                        .toList();
                AdamWUpdate.apply(control, targets, BETAS, 0);
            });
        }
    }

    /** Moments in BF16 are rounded with random bits of their own. */
    @Test
    void momentsInBFloat16() {
        int count = 3001;
        int step = 5;
        float[] weight = gaussian(DType.BF16, count, 1);
        float[] gradient = gaussian(DType.F32, count, 1);
        float[] first = gaussian(DType.BF16, count, 0.1);
        float[] second = gaussian(DType.BF16, count, 0.1);
        for (int i = 0; i < count; i++) {
            second[i] = round(DType.BF16, 0.01f + second[i] * second[i]);
        }
        double[] expected = doubles(weight);
        double[] expectedFirst = doubles(first);
        double[] expectedSecond = doubles(second);
        UpdateOracle.adamW(
                expected,
                doubles(gradient),
                expectedFirst,
                expectedSecond,
                step,
                0.01f,
                BETAS.beta1(),
                BETAS.beta2(),
                BETAS.epsilon(),
                WEIGHT_DECAY,
                clip(0));
        List<Output> outputs = update(step, 0.01f, true, (bench, control) -> {
            Tensor w = bench.of(DType.BF16, weight, count);
            Tensor g = bench.of(DType.F32, gradient, count);
            Tensor m = bench.of(DType.BF16, first, count);
            Tensor v = bench.of(DType.BF16, second, count);
            AdamWMoment firstMoment = new AdamWMoment.Plain(m);
            AdamWMoment secondMoment = new AdamWMoment.Plain(v);
            AdamWUpdate.apply(
                    control,
                    List.of(new AdamWUpdate.Target(
                            w, null, g, firstMoment, secondMoment, WEIGHT_DECAY, STOCHASTIC, null)),
                    BETAS,
                    0);
            return List.of(w, m, v);
        });
        assertRoundedStochastically(outputs.get(0), expected, step);
        assertRounded(outputs.get(1).floats(), expectedFirst, STOCHASTIC.tensorIndex() + (1 << 30), step);
        assertRounded(outputs.get(2).floats(), expectedSecond, STOCHASTIC.tensorIndex() + (1 << 31), step);
    }

    private static void assertRounded(float[] actual, double[] expected, int tensor, int step) {
        for (int i = 0; i < actual.length; i++) {
            int bits = PhiloxOracle.bits(i, STOCHASTIC.seed(), tensor, step);
            double ulp = Math.ulp((float) expected[i]);
            boolean found = false;
            // Near a cancellation the device's F32 result is off by a few units of the terms, not of the sum.
            for (int k = -8; k <= 8; k++) {
                double off = k * Math.max(ulp, Math.ulp(0.1f) / 4);
                found |= PhiloxOracle.round((float) (expected[i] + off), bits) == actual[i];
            }
            assertTrue(found, "element " + i + " is " + actual[i] + ", not " + expected[i]);
        }
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    LomoUpdate.Target f32 = target(bench.empty(DType.F32, 4));
                    LomoUpdate.Target bf16 = target(bench.empty(DType.BF16, 4));
                    return () -> LomoUpdate.apply(null, List.of(f32, bf16), 0);
                },
                "lomo_update",
                "same dtypes");
        assertRefused(
                bench -> {
                    Tensor tensor = bench.empty(DType.F32, 4);
                    LomoUpdate.Target other = new LomoUpdate.Target(tensor, tensor, 0, STOCHASTIC, null);
                    return () -> LomoUpdate.apply(null, List.of(target(tensor), other), 0);
                },
                "rounded alike");
        assertRefused(bench -> () -> LomoUpdate.apply(null, List.of(), 0), "no tensor");
    }

    private static LomoUpdate.Target target(Tensor tensor) {
        return new LomoUpdate.Target(tensor, tensor, 0, Rounding.NEAREST, null);
    }
}
