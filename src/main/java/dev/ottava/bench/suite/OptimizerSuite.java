package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.AdaLomoUpdate;
import dev.ottava.kernel.AdamWMoment;
import dev.ottava.kernel.AdamWUpdate;
import dev.ottava.kernel.LomoUpdate;
import dev.ottava.kernel.Rounding;
import dev.ottava.kernel.StepControl;
import java.util.ArrayList;
import java.util.List;

/**
 * One update of a matrix [intermediate, hidden] with an F32 gradient, beside a copy of as many bytes; BF16 weights are rounded stochastically (LOMO, AdaLomo)
 * or keep 16 more bits (AdamW). The weight goes in and out, the gradient in. LOMO: nothing else; 3 operations an element. AdaLomo: two vectors in and
 * out; 12. AdamW: two F32 moments in and out; 15; with moments in FP8, 1 + 1/16 bytes each. What rounding takes is not counted. And LOMO of 64 vectors in one
 * launch, beside a launch each.
 */
final class OptimizerSuite implements Suite {
    private static final Rounding STOCHASTIC = new Rounding(true, 8, 0);
    private static final double LEARNING_RATE = 1e-4;
    private static final double WEIGHT_DECAY = 0.01;

    /** As many as the norms of a model of 32 layers. */
    private static final int VECTORS = 64;

    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (DType dtype : scale.dtypes()) {
            cases.add(lomo(scale.intermediate(), scale.hidden(), dtype));
            cases.add(adaLomo(scale.intermediate(), scale.hidden(), dtype));
            cases.add(adamW(scale.intermediate(), scale.hidden(), dtype));
            cases.add(coat(scale.intermediate(), scale.hidden(), dtype));
            cases.add(vectors(scale.hidden(), dtype));
        }
        return cases;
    }

    private static Rounding rounding(DType dtype) {
        return dtype == DType.BF16 ? STOCHASTIC : Rounding.NEAREST;
    }

    private static StepControl control(Tensors tensors) {
        StepControl control = tensors.own(new StepControl(tensors.device()));
        control.begin(1, LEARNING_RATE);
        return control;
    }

    private static Case lomo(long rows, long columns, DType dtype) {
        double elements = (double) rows * columns;
        Work work = new Work(elements * (2 * dtype.bytes() + 4), 3 * elements);
        return Case.cold("lomo", Scale.shape(rows, columns), dtype, work, tensors -> {
            StepControl control = control(tensors);
            Tensor weight = tensors.random(dtype, rows, columns);
            Tensor gradient = tensors.random(DType.F32, rows, columns);
            return tensors.besideCopy(
                    work.bytes(),
                    () -> LomoUpdate.apply(control, weight, gradient, WEIGHT_DECAY, 0, rounding(dtype), null));
        });
    }

    private static Case adaLomo(long rows, long columns, DType dtype) {
        double elements = (double) rows * columns;
        Work work = new Work(elements * (2 * dtype.bytes() + 4) + 8.0 * (rows + columns), 12 * elements);
        return Case.cold("adalomo", Scale.shape(rows, columns), dtype, work, tensors -> {
            StepControl control = control(tensors);
            Tensor weight = tensors.random(dtype, rows, columns);
            Tensor gradient = tensors.random(DType.F32, rows, columns);
            Tensor row = tensors.zeros(DType.F32, rows);
            Tensor column = tensors.zeros(DType.F32, columns);
            return tensors.besideCopy(
                    work.bytes(),
                    () -> AdaLomoUpdate.applyToMatrix(
                            control, weight, gradient, row, column, WEIGHT_DECAY, 0, rounding(dtype), null));
        });
    }

    private static Case adamW(long rows, long columns, DType dtype) {
        double elements = (double) rows * columns;
        boolean exact = dtype == DType.BF16;
        Work work = new Work(elements * (2 * dtype.bytes() + (exact ? 4 : 0) + 4 + 16), 15 * elements);
        return Case.cold("adamw", Scale.shape(rows, columns), dtype, work, tensors -> {
            StepControl control = control(tensors);
            Tensor weight = tensors.random(dtype, rows, columns);
            Tensor lowBits = exact ? tensors.zeros(DType.I16, rows, columns) : null;
            Tensor gradient = tensors.random(DType.F32, rows, columns);
            Tensor first = tensors.zeros(DType.F32, rows, columns);
            Tensor second = tensors.zeros(DType.F32, rows, columns);
            return tensors.besideCopy(
                    work.bytes(),
                    () -> AdamWUpdate.apply(
                            control,
                            weight,
                            lowBits,
                            gradient,
                            first,
                            second,
                            0.9,
                            0.999,
                            1e-8,
                            WEIGHT_DECAY,
                            0,
                            null));
        });
    }

    private static Case coat(long rows, long columns, DType dtype) {
        double elements = (double) rows * columns;
        boolean exact = dtype == DType.BF16;
        double groups = Math.ceil(elements / AdamWMoment.GROUP);
        Work work = new Work(elements * (2 * dtype.bytes() + (exact ? 4 : 0) + 4 + 4) + 4 * 8 * groups, 15 * elements);
        return Case.cold("adamw, FP8 states", Scale.shape(rows, columns), dtype, work, tensors -> {
            StepControl control = control(tensors);
            AdamWUpdate.Target target = new AdamWUpdate.Target(
                    tensors.random(dtype, rows, columns),
                    exact ? tensors.zeros(DType.I16, rows, columns) : null,
                    tensors.random(DType.F32, rows, columns),
                    moment(tensors, rows, columns),
                    moment(tensors, rows, columns),
                    WEIGHT_DECAY,
                    rounding(dtype),
                    null);
            return tensors.besideCopy(
                    work.bytes(),
                    () -> AdamWUpdate.apply(
                            control, List.of(target), new AdamWUpdate.Hyperparameters(0.9, 0.999, 1e-8), 0));
        });
    }

    private static AdamWMoment moment(Tensors tensors, long rows, long columns) {
        Tensor groups = tensors.zeros(DType.F32, AdamWMoment.groupShape(rows * columns));
        return new AdamWMoment.Expanded(tensors.zeros(DType.E4M3, rows, columns), groups);
    }

    private static Case vectors(long count, DType dtype) {
        double elements = (double) VECTORS * count;
        Work work = new Work(elements * (2 * dtype.bytes() + 4), 3 * elements);
        return Case.cold("lomo, many vectors", Scale.shape(VECTORS, count), dtype, work, tensors -> {
            StepControl control = control(tensors);
            List<LomoUpdate.Target> targets = new ArrayList<>();
            for (int i = 0; i < VECTORS; i++) {
                targets.add(new LomoUpdate.Target(
                        tensors.random(dtype, count),
                        tensors.random(DType.F32, count),
                        WEIGHT_DECAY,
                        rounding(dtype),
                        null));
            }
            return new Case.Variants(
                    () -> LomoUpdate.apply(control, targets, 0),
                    "a launch each",
                    () -> targets.forEach(target -> LomoUpdate.apply(control, List.of(target), 0)));
        });
    }
}
