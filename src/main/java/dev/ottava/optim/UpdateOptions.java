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
 */
public record UpdateOptions(double weightDecay, boolean noDecay1d, double maxGradValue, long seed) {
    double decayOf(Parameter parameter) {
        return noDecay1d && parameter.weight().rank() == 1 ? 0 : weightDecay;
    }

    /** BF16 weights without a master copy are rounded stochastically, or updates below half a unit in the last place would be lost. */
    Rounding roundingOf(Parameter parameter) {
        return parameter.weight().dtype() == DType.BF16
                ? new Rounding(true, seed, parameter.index())
                : Rounding.NEAREST;
    }
}
