/*
 * LOMO without a gradient in memory: the update of the weight is what becomes of the sums of the product that makes its gradient,
 *   G[m, n] = sum_k A[m, k] * B[n, k]     (of a linear layer: dW = dY^T X, m = out, n = in, k = tokens)
 *   W = round((1 - learning_rate * weight_decay) * W - learning_rate * g),   g = clamp(G) * coefficient
 * with learning rate, coefficient, ok and step of control, max_value, sum_squares and random bits as optimizer.h has them.
 *
 *   weight: [m, n], rows weight_pitch apart; F32, BF16 or E4M3. 0: nothing is updated and control is not read, only sum_squares is written
 * (the first pass of clipping by the global norm). With control's ok == 0 nothing but sum_squares is written either.
 *   first_row: the weight is rows first_row ... of a larger matrix of n columns: element (i, j) has the random bits of element
 * (first_row + i) * n + j.
 *   sum_squares: one F32, optional: the sum of squares of G as the product gives it, in F32.
 *
 * An E4M3 weight has one scale per block of 128 x 128, weight_scales F32 [ceil(m / 128), ceil(n / 128)], as quantize.h lays them out; its
 * pitch and address are multiples of 16. w = code * scale is updated in F32; the new scale of a block follows from the new values as in
 * quantize.h, and with power_of_two is then rounded up to a power of two; a code is that of x = w / scale, to nearest even, or if
 * `stochastic`
 *   quantum = the distance of E4M3 numbers at |x|, 2^-9 below 2^-6;  magnitude = floor((floor(|x| / quantum * 65536) + random) / 65536)
 * quanta, saturating at 448, with the 16 random bits that a BF16 weight's element would have. NaN is code 0x7f. Rows are filled up with
 * zeros as in quantize.h. power_of_two and weight_scales are ignored for other weights.
 *
 * The result is, bit for bit, that of the same product written in F32 and the standalone update of it (ottava_lomo_update,
 * ottava_lomo_update_fp8). `The same product`, of F32 or BF16 operands: on cpu it is ottava_gemm called for panels of
 * max(128, 2^20 / n rounded down to a multiple of 128) rows, as oneDNN does not promise that a part has the bits of the whole (our own
 * product has); elsewhere the device's own kernel, ottava_gemm of any shape, which is not cuBLASLt, of the same addresses and pitches
 * (where they are multiples of 16 bytes, BF16 operands have another kernel on sm_90). Of FP8 operands it is ottava_gemm_fp8 with exact set,
 * everywhere. sum_squares does not depend on the number of threads, but is added up in another order than the standalone one.
 *
 * On CUDA partial sums for sum_squares take 8 bytes per 16 x 128 elements of the scratch memory.
 */
#ifndef OTTAVA_FUSED_LOMO_H
#define OTTAVA_FUSED_LOMO_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A: lies as [k, m], rows a_pitch apart; B: as [k, n], rows b_pitch apart; both F32 or both BF16 (operand_dtype). */
OTTAVA_API int ottava_gemm_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t weight_pitch,
                                int64_t weight_scales, int power_of_two, int64_t first_row, int operand_dtype, int64_t a, int64_t a_pitch,
                                int64_t b, int64_t b_pitch, int64_t m, int64_t n, int64_t k, double weight_decay, double max_value,
                                int stochastic, int64_t seed, int64_t tensor_index, int64_t sum_squares);

/*
 * A: [m, k] of E5M2, B: [n, k] of E4M3, with scales and alignments as in ottava_gemm_fp8: transposed copies of the gradient of the output
 * and of the input. The sums leave the accumulators after each 128 of k (exact).
 */
OTTAVA_API int ottava_gemm_fp8_lomo(int64_t stream, int64_t control, int weight_dtype, int64_t weight, int64_t weight_pitch,
                                    int64_t weight_scales, int power_of_two, int64_t first_row, int64_t a, int64_t a_pitch,
                                    int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride, int64_t b, int64_t b_pitch,
                                    int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride, int64_t m, int64_t n, int64_t k,
                                    double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor_index,
                                    int64_t sum_squares);

/* The standalone update of an E4M3 weight [rows, columns], which may not be 0. gradient: [rows, columns], dense, F32 or BF16. */
OTTAVA_API int ottava_lomo_update_fp8(int64_t stream, int64_t control, int64_t weight, int64_t weight_pitch, int64_t weight_scales,
                                      int power_of_two, int gradient_dtype, int64_t gradient, int64_t rows, int64_t columns,
                                      double weight_decay, double max_value, int stochastic, int64_t seed, int64_t tensor_index,
                                      int64_t sum_squares);

#ifdef __cplusplus
}
#endif

#endif
