/*
 * Updates of parameters. All compute in F32 and write the weight in its own dtype (F32 or BF16).
 *
 * control: 32 bytes of device memory, read by every update, so that a captured graph follows the schedule:
 *   [0] F32 learning_rate   [1] F32 coefficient: every gradient is multiplied by it (clipping by the global norm)
 *   [2] F32 gradient_norm   [3] I32 ok: when 0, nothing is written   [4] I32 step, from 1
 *   [5] F32 loss_scale: what the gradient of the loss is multiplied with; no update reads it   [6..7] F64 loss
 *
 * g stands for the gradient after clamping to [-max_value, max_value] (max_value 0: no clamp) and multiplication by the coefficient, in
 * this order. sum_squares: F32, one element, optional: the sum of squares of the gradient as it came, before clamp and coefficient. Weight
 * decay is decoupled.
 *
 * Stochastic rounding to BF16: the F32 result is rounded up, away from zero, with a probability equal to the part cut off. The 16 random
 * bits of element i are word (i % 8) / 2, half i % 2 (low half first), of Philox4x32-10 with key = (seed low, seed high) and counter =
 * (i / 8 low, i / 8 high, tensor_index, step). Infinities and NaN stay. For F32 weights `stochastic` has no effect.
 *
 * An update takes many tensors in as few launches as their table needs. `tensors` is that table, in host memory, read before the function
 * returns: `count` rows of OTTAVA_UPDATE_FIELDS words of 64 bits. All tensors of a call have the same dtypes.
 */
#ifndef OTTAVA_OPTIMIZER_H
#define OTTAVA_OPTIMIZER_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The words of a row. Those that an update does not name are not read. */
enum {
    OTTAVA_UPDATE_COUNT = 0,          /* elements; 0: the row is passed over */
    OTTAVA_UPDATE_WEIGHT = 1,         /* address, as all that follow but where it is said */
    OTTAVA_UPDATE_GRADIENT = 2,       /* */
    OTTAVA_UPDATE_WEIGHT_DECAY = 3,   /* the bits of an F64 */
    OTTAVA_UPDATE_TENSOR_INDEX = 4,   /* of the random numbers: a number below 2^30 */
    OTTAVA_UPDATE_SUM_SQUARES = 5,    /* or 0 */
    OTTAVA_UPDATE_LOW_BITS = 6,       /* or 0; AdamW */
    OTTAVA_UPDATE_FIRST_MOMENT = 7,   /* AdamW */
    OTTAVA_UPDATE_FIRST_GROUPS = 8,   /* AdamW with E4M3 moments */
    OTTAVA_UPDATE_SECOND_MOMENT = 9,  /* AdamW, AdaLomo */
    OTTAVA_UPDATE_SECOND_GROUPS = 10, /* AdamW with E4M3 moments */
    OTTAVA_UPDATE_FIELDS = 11
};

/*
 * control[6..7] = loss + x[0], unless the loss is not finite already; where it is not, sets control[3] = 0. So nothing that comes after it
 * on the stream writes where the loss is not finite.  x: F32 [1].
 */
OTTAVA_API int ottava_add_loss(int64_t stream, int64_t control, int64_t x);

/*
 * Writes control[2] = norm = sqrt(sum of sums[i]) and control[1] = coefficient = min(1, max_norm / (norm + 1e-6)), or 1 when max_norm is 0;
 * a norm that is not finite sets control[3] = 0.  sums: F32 [count].
 */
OTTAVA_API int ottava_clip_coefficient(int64_t stream, int64_t control, int64_t sums, int64_t count, double max_norm);

/* LOMO (Lv et al., 2023): weight = weight * (1 - learning_rate * weight_decay) - learning_rate * g.  gradient: F32 or BF16. */
OTTAVA_API int ottava_lomo_update(int64_t stream, int64_t control, int weight_dtype, int gradient_dtype, const int64_t* tensors,
                                  int64_t count, double max_value, int stochastic, int64_t seed);

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

/* AdaLomo for vectors: v = beta v + (1 - beta) U, u = g / sqrt(v); the rest as for matrices. gradient, second_moment: F32. */
OTTAVA_API int ottava_adalomo_update_vectors(int64_t stream, int64_t control, int weight_dtype, const int64_t* tensors, int64_t count,
                                             double max_value, int stochastic, int64_t seed);

/*
 * AdamW (Loshchilov and Hutter, 2019):
 *   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *   weight = weight * (1 - learning_rate * weight_decay) - learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * weight: F32; BF16 with `stochastic`; or BF16 with low_bits, I16: the exact F32 weight has the bits (weight << 16) + low_bits, so that the
 * BF16 weight is the F32 one rounded to nearest (ties away from zero). gradient: F32 or BF16.
 *
 * The weight sees m and v before they are rounded to moment_dtype, which is that of both:
 *   F32   as they are.
 *   BF16  rounded stochastically, whether the weight is or not, with tensor_index + 2^30 (m) and tensor_index + 2^31 (v) in its place.
 *   E4M3  in groups of 128 consecutive elements (the last one may have less), with dynamic range expansion (COAT, Xi et al., 2024,
 *         arXiv 2410.19313, section 4). first_groups, second_groups: F32 [ceil(count / 128), 2], a group's `largest` and `exponent`:
 *           x = sign(code) * largest * (|code| / 448)^(1 / exponent);  code 0 is 0;  zero bytes are a state of zeros
 *         Rounded from x, with the largest and the smallest |x| > 0 of the group, in F32:
 *           exponent = floor(16 log2(100352) / log2(largest / smallest)) / 16, at least 1/16, at most 16 (m) or 64 (v)
 *           code     = 448 * (|x| / largest)^exponent, to nearest even, with the sign of x; of an x that is not 0 never 0
 *         A group of zeros has largest 0 and exponent 1. An x below 2^-126 counts as 2^-126. Where a gradient makes m or v infinite or
 *         NaN, both moments of the element stay as they were; a NaN shows in the weight.
 */
OTTAVA_API int ottava_adamw_update(int64_t stream, int64_t control, int weight_dtype, int gradient_dtype, int moment_dtype,
                                   const int64_t* tensors, int64_t count, double beta1, double beta2, double epsilon, double max_value,
                                   int stochastic, int64_t seed);

#ifdef __cplusplus
}
#endif

#endif
