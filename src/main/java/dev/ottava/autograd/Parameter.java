package dev.ottava.autograd;

import dev.ottava.core.Tensor;

/**
 * A weight that training changes.
 *
 * @param name as in a Hugging Face checkpoint, for example {@code model.layers.0.self_attn.q_proj.weight}
 * @param index in the order of the model's names: the counter of its stochastic rounding
 * @param weight a matrix [out, in] or a vector, F32 or BF16
 */
public record Parameter(String name, int index, Tensor weight) {}
