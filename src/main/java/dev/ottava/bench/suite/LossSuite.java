package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Work;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.CrossEntropy;
import java.util.ArrayList;
import java.util.List;

/**
 * Cross-entropy with the gradient of the logits, beside a copy of as many bytes: F32 logits in, gradients in the case's dtype out; 5 operations a
 * logit (maximum, exponential, sum, difference, product).
 */
final class LossSuite implements Suite {
    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        for (DType dtype : scale.dtypes()) {
            int rows = scale.rows() / 4;
            int vocabulary = scale.vocabulary();
            double logits = (double) rows * vocabulary;
            Work work = new Work(logits * (4 + dtype.bytes()) + 8.0 * rows, 5 * logits);
            cases.add(Case.cold("cross_entropy", Scale.shape(rows, vocabulary), dtype, work, tensors -> {
                Tensor in = tensors.random(DType.F32, rows, vocabulary);
                Tensor gradient = tensors.empty(dtype, rows, vocabulary);
                Tensor losses = tensors.empty(DType.F32, rows);
                Tensor targets = tensors.ids(vocabulary, rows);
                Tensor factor = tensors.random(DType.F32, 1);
                return tensors.besideCopy(
                        work.bytes(), () -> CrossEntropy.apply(losses, gradient, in, targets, factor));
            }));
        }
        return cases;
    }
}
