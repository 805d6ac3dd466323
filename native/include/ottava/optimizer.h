/*
 * Updates of parameters. All compute in F32 and write the weight in its own dtype (F32 or BF16).
 *
 * control: 32 bytes of device memory, read by every update, so that a captured graph follows the schedule:
 *   [0] F32 learning_rate   [1] F32 coefficient: every gradient is multiplied by it (clipping by the global norm)
 *   [2] F32 gradient_norm   [3] I32 ok: when 0, nothing is written   [4] I32 step, from 1   [5..7] reserved
 *
 * g stands for the gradient after clamping to [-max_value, max_value] (max_value 0: no clamp) and multiplication by the coefficient, in
 * this order. sum_squares: F32, one element, optional: the sum of squares of the gradient as it came, before clamp and coefficient. Weight
 * decay is decoupled.
 *
 * Stochastic rounding (BF16 weights): the F32 result is rounded up with a probability equal to the part cut off. The 16 random bits of
 * element i are word (i % 8) / 2, half i % 2 (low half first), of Philox4x32-10 with key = (seed low, seed high) and counter = (i / 8 low,
 * i / 8 high, tensor_index, step). Infinities and NaN stay. For F32 weights `stochastic` has no effect.
 */
#ifndef OTTAVA_OPTIMIZER_H
#define OTTAVA_OPTIMIZER_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes control[2] = norm = sqrt(sum of sums[i]) and control[1] = coefficient = min(1, max_norm / (norm + 1e-6)), or 1 when max_norm is 0;
 * a norm that is not finite sets control[3] = 0.  sums: F32 [count].
 */
OTTAVA_API int ottava_clip_coefficient(int64_t stream, int64_t control, int64_t sums, int64_t count, double max_norm);

/* LOMO (Lv et al., 2023): weight = weight * (1 - learning_rate * weight_decay) - learning_rate * g.  gradient: F32 or BF16. */
OTTAVA_API int ottava_lomo_update(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int gradient_dtype, int64_t gradient,
                                  int64_t count, double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor_index,
                                  int64_t sum_squares);

/*
 * AdaLomo (Lv et al., 2023b; as its published code has it). With t = step, beta = 1 - t^-0.8:
 *   U = g^2 + 1e-30;  row = beta row + (1 - beta) rowmean(U);  column = beta column + (1 - beta) columnmean(U)
 *   u_ij = g_ij / sqrt(row_i column_j / mean(row));  u = u / max(1, rms(u));  a = learning_rate * max(1e-3, rms(weight))
 *   weight = weight * (1 - a * weight_decay) - a * u
 *   weight [rows, columns]; gradient [rows, columns]: F32; row [rows], column [columns]: F32 state, zero before the first step.
 */
OTTAVA_API int ottava_adalomo_update_matrix(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t gradient,
                                            int64_t row, int64_t column, int64_t rows, int64_t columns, double weight_decay,
                                            double max_value, int stochastic, int64_t seed, int64_t tensor_index, int64_t sum_squares);

/* AdaLomo for vectors: v = beta v + (1 - beta) U, u = g / sqrt(v); the rest as for matrices. second_moment [count]: F32 state. */
OTTAVA_API int ottava_adalomo_update_vector(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t gradient,
                                            int64_t second_moment, int64_t count, double weight_decay, double max_value, int stochastic,
                                            int64_t seed, int64_t tensor_index, int64_t sum_squares);

/*
 * AdamW (Loshchilov and Hutter, 2019):
 *   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *   weight = weight * (1 - learning_rate * weight_decay) - learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *   low_bits: I16 [count], for BF16 weights: the exact F32 weight has the bits (weight << 16) + low_bits, so that the BF16 weight is the
 * F32 one rounded to nearest (ties away from zero). 0 (absent) for F32 weights. gradient, first_moment, second_moment: F32 [count].
 */
OTTAVA_API int ottava_adamw_update(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t low_bits, int64_t gradient,
                                   int64_t first_moment, int64_t second_moment, int64_t count, double beta1, double beta2, double epsilon,
                                   double weight_decay, double max_value, int64_t sum_squares);

#ifdef __cplusplus
}
#endif

#endif
