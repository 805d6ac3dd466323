/* Root mean square normalisation (Zhang and Sennrich, 2019), as Llama uses it. */
#ifndef OTTAVA_NORM_H
#define OTTAVA_NORM_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * inverse_rms[i] = 1 / sqrt(mean_j x[i, j]^2 + epsilon);  y[i, j] = x[i, j] * inverse_rms[i] * weight[j].
 *   x, y [rows, columns] and weight [columns]: dtype, F32 or BF16; inverse_rms [rows]: F32.
 */
OTTAVA_API int ottava_rms_norm_forward(int64_t stream, int dtype, int64_t y, int64_t inverse_rms, int64_t x, int64_t weight, int64_t rows,
                                       int64_t columns, double epsilon);

/*
 * With r = inverse_rms[i], g[j] = d_y[i, j] * weight[j] and m = mean_j g[j] * x[i, j]:
 *   d_x[i, j] (+)= r * g[j] - r^3 * m * x[i, j];    d_weight[j] (+)= sum_i d_y[i, j] * x[i, j] * r.
 *   d_x [rows, columns]: dtype; accumulate_d_x adds to what it holds, as a residual connection wants. d_weight [columns]: F32.
 *   x [rows, columns]: of dtype, dense, where x_scales is 0; else E4M3 codes, rows x_pitch apart, in GROUPS_16 (quantize.h). Then the bits
 * are those of ottava_dequantize to F32 and this operation on F32, with d_x rounded to dtype.
 */
OTTAVA_API int ottava_rms_norm_backward(int64_t stream, int dtype, int64_t d_x, int accumulate_d_x, int64_t d_weight,
                                        int accumulate_d_weight, int64_t d_y, int64_t x, int64_t x_pitch, int64_t x_scales, int64_t weight,
                                        int64_t inverse_rms, int64_t rows, int64_t columns);

#ifdef __cplusplus
}
#endif

#endif
