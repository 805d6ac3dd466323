/* Matrix products. */
#ifndef OTTAVA_GEMM_H
#define OTTAVA_GEMM_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * D[m, n] = sum_k A[m, k] * B[n, k] (+ bias[n]) (+ D[m, n]), accumulated in F32.
 *   A: [m, k], rows a_pitch apart; with a_transposed it lies as [k, m].   B: [n, k], rows b_pitch apart; with b_transposed as [k, n].
 *   D: [m, n], rows d_pitch apart.
 *   operand_dtype: of A, B and bias, F32 or BF16. d_dtype: F32, or BF16 when the operands are.
 *   bias: [n], optional. accumulate: add to what D holds. D may not overlap A or B.
 * In a linear layer y = x W^T: forward is (x, W), the gradient of x is (dy, W transposed), that of W is (dy transposed, x transposed).
 */
OTTAVA_API int ottava_gemm(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int operand_dtype, int64_t a, int64_t a_pitch,
                           int a_transposed, int64_t b, int64_t b_pitch, int b_transposed, int64_t bias, int64_t m, int64_t n, int64_t k,
                           int accumulate);

/*
 * The product of FP8 operands, as quantize.h makes them: with K-blocks b of 128 of k,
 *   D[m, n] = sum_b a_scale[m, b] * b_scale[n, b] * (sum_{k in b} A[m, k] * B[n, k]) (+ bias[n]) (+ addend[m, n]).
 *
 *   A: [m, k], rows a_pitch apart; B: [n, k], rows b_pitch apart. E4M3 or E5M2, not both E5M2; there are no transposed operands: the
 * hardware has none, and quantize.h writes transposed copies. k and both pitches are multiples of 16, the addresses too; m and n are any.
 *   a_scale[i, b] = a_scales[(i / 128) * a_scale_row_stride + b * a_scale_k_stride], F32, and b_scale likewise. So
 *     per tensor: strides 0 and 0;  in 128 x 128 blocks of [rows, k]: ceil(k / 128) and 1;
 *     of a transposed copy [k, rows]: 1 and ceil(rows / 128).
 *   bias: [n] of bias_dtype, F32 or BF16; optional. addend: [m, n] of d_dtype, rows addend_pitch apart; optional; may be D itself.
 *
 *   exact: sums of FP8 products are moved to F32 registers after each K-block. Otherwise, with both operands scaled per tensor, they stay
 * where the hardware accumulates them, which on Hopper keeps about 14 bits; with block scales they are moved in either case. Devices other
 * than sm_90 accumulate in F32 throughout.
 */

/* D: [m, n] of F32 or BF16, rows d_pitch apart. d_amax: one F32, the largest |D| as rounded, NaN if any is; optional. */
OTTAVA_API int ottava_gemm_fp8(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int64_t d_amax, int a_dtype, int64_t a,
                               int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype,
                               int64_t b, int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride,
                               int bias_dtype, int64_t bias, int64_t addend, int64_t addend_pitch, int64_t m, int64_t n, int64_t k,
                               int exact);

/*
 * D quantised where it is made: codes of q_dtype [m, n], rows q_pitch apart, filled up to a multiple of 16 as in quantize.h, and scales;
 * BLOCKS_128 or GROUPS_16. The sums are quantised as F32, not rounded to BF16 before.
 */
OTTAVA_API int ottava_gemm_fp8_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int scaling, int64_t q_scales, int a_dtype,
                                        int64_t a, int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride,
                                        int b_dtype, int64_t b, int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride,
                                        int64_t b_scale_k_stride, int bias_dtype, int64_t bias, int64_t m, int64_t n, int64_t k, int exact);

#ifdef __cplusplus
}
#endif

#endif
