package dev.ottava.autograd;

import dev.ottava.core.Tensor;
import dev.ottava.kernel.Embedding;
import dev.ottava.kernel.FusedLomo;
import dev.ottava.kernel.LomoRule;
import dev.ottava.kernel.QuantizedMatrix;

/** What is done with the gradient of a linear weight, {@code dYᵀ X}, or of an embedding where it is made, piece by piece, so that it is never in memory. */
public sealed interface GradientEpilogue {
    /** [1], F32: receives the sum of squares of the gradient. */
    Tensor sumSquares();

    /** Takes the gradient of a weight: dY [tokens, out], x [tokens, in]. */
    void take(Parameter weight, Tensor dY, Tensor x);

    /** Takes the gradient of a weight; both operands have their transposed copies. */
    void take(Parameter weight, QuantizedMatrix dY, QuantizedMatrix x);

    /** Takes the gradient of rows {@code first} to {@code last} (exclusive), dY [tokens, last - first], and leaves its sum of squares in {@code sum} [1], F32. */
    void takeRows(Parameter weight, long first, long last, Tensor dY, Tensor x, Tensor sum);

    /** Takes the gradient of an embedding: dY [tokens, hidden], ids [tokens]. */
    void takeEmbedding(Parameter weight, Tensor dY, Tensor ids);

    /** The weight changes. */
    record Update(LomoRule rule) implements GradientEpilogue {
        @Override
        public Tensor sumSquares() {
            return rule.sumSquares();
        }

        @Override
        public void take(Parameter weight, Tensor dY, Tensor x) {
            if (weight.isFp8()) {
                FusedLomo.apply(rule, weight.quantized(), dY, x, weight.powerOfTwoScales());
            } else {
                FusedLomo.apply(rule, weight.weight(), 0, dY, x);
            }
        }

        @Override
        public void take(Parameter weight, QuantizedMatrix dY, QuantizedMatrix x) {
            if (weight.isFp8()) {
                FusedLomo.apply(rule, weight.quantized(), dY, x, weight.powerOfTwoScales());
            } else {
                FusedLomo.apply(rule, weight.weight(), dY, x);
            }
        }

        @Override
        public void takeRows(Parameter weight, long first, long last, Tensor dY, Tensor x, Tensor sum) {
            LomoRule ofRows = new LomoRule(rule.control(), rule.weightDecay(), rule.maxValue(), rule.rounding(), sum);
            FusedLomo.apply(ofRows, weight.weight().rows(first, last), first, dY, x);
        }

        @Override
        public void takeEmbedding(Parameter weight, Tensor dY, Tensor ids) {
            Embedding.lomo(rule, weight.weight(), dY, ids);
        }
    }

    /** Nothing changes: the first pass of clipping by the global norm. */
    record Norm(Tensor sumSquares) implements GradientEpilogue {
        @Override
        public void take(Parameter weight, Tensor dY, Tensor x) {
            FusedLomo.sumSquares(sumSquares, dY, x);
        }

        @Override
        public void take(Parameter weight, QuantizedMatrix dY, QuantizedMatrix x) {
            FusedLomo.sumSquares(sumSquares, dY, x);
        }

        @Override
        public void takeRows(Parameter weight, long first, long last, Tensor dY, Tensor x, Tensor sum) {
            FusedLomo.sumSquares(sum, dY, x);
        }

        @Override
        public void takeEmbedding(Parameter weight, Tensor dY, Tensor ids) {
            Embedding.sumSquares(sumSquares, weight.weight().size(0), dY, ids);
        }
    }
}
