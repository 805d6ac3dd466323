package dev.ottava.kernel;

/**
 * How an update rounds a BF16 weight.
 *
 * @param stochastic up with a probability equal to the part cut off, so that updates below half a unit in the last place are not lost; else to nearest even
 * @param seed of the run
 * @param tensorIndex of the parameter, in the order of names, so that no two share random numbers
 */
public record Rounding(boolean stochastic, long seed, int tensorIndex) {
    /** To nearest even. */
    public static final Rounding NEAREST = new Rounding(false, 0, 0);
}
