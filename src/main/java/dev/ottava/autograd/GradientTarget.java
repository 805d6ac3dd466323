package dev.ottava.autograd;

import dev.ottava.core.Tensor;

/**
 * Where a gradient goes.
 *
 * @param accumulate whether to add to what the tensor holds; otherwise it is not initialised
 */
record GradientTarget(Tensor tensor, boolean accumulate) {}
