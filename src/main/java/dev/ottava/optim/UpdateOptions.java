package dev.ottava.optim;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.kernel.Rounding;

/**
 * What all optimizers share.
 *
 * @param weightDecay decoupled
 * @param noDecay1d exempts vectors from weight decay
 * @param maxGradValue clamp every gradient to [-x, x]; 0 is off
 * @param seed of stochastic rounding
 * @param stochasticFp8 whether FP8 weights are rounded stochastically, or to nearest
 */
public record UpdateOptions(
        double weightDecay, boolean noDecay1d, double maxGradValue, long seed, boolean stochasticFp8) {
    /** FP8 weights are rounded stochastically. */
    public UpdateOptions(double weightDecay, boolean noDecay1d, double maxGradValue, long seed) {
        this(weightDecay, noDecay1d, maxGradValue, seed, true);
    }

    double decayOf(Parameter parameter) {
        return noDecay1d && parameter.weight().rank() == 1 ? 0 : weightDecay;
    }

    /** Weights without a master copy are rounded stochastically, or updates below half a unit in the last place would be lost. */
    Rounding roundingOf(Parameter parameter) {
        return parameter.weight().dtype() == DType.BF16 || (parameter.isFp8() && stochasticFp8)
                ? new Rounding(true, seed, parameter.index())
                : Rounding.NEAREST;
    }
}
