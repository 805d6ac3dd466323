/*
 * Quantisation to FP8 and back.
 *
 * A number x is held as a code q of E4M3 (largest 448) or E5M2 (largest 57344) and a scale that many share: x ~ q * scale.
 *
 * Scaling          share a scale                       scales
 *   PER_TENSOR     all                                 one F32
 *   BLOCKS_128     128 x 128 of rows and columns       F32 [ceil(rows / 128), ceil(columns / 128)]; a transposed copy shares them
 *   GROUPS_16      16 of a row (COAT, section 5)       BF16 [rows, ceil(columns / 16)]
 *
 * With amax the largest |x| of those that share it, computed in F32:
 *   scale = max(amax / largest, 2^-126), rounded up to BF16 for GROUPS_16;  1 if amax is 0;  NaN if any x is NaN or infinite.
 *   q = x / scale (a true division), rounded to nearest even, saturating; NaN (0x7f) where that is NaN.
 * So one NaN or infinity makes a NaN of every code that shares its scale. docs/fp8.md says what is used where.
 *
 * Codes are written in two layouts, of which either address may be 0 (absent): q [rows, columns], rows q_pitch apart, and q_transposed
 * [columns, rows], rows q_transposed_pitch apart. In both a row is filled up with zeros, whatever the scale, to a multiple of 16 codes, so
 * that it may be the summed dimension of ottava_gemm_fp8; what lies behind, up to the pitch, is not touched. Pitches are at least that and
 * multiples of 16, and the addresses of codes too. The pitch of an absent copy is ignored. No output overlaps an input.
 */
#ifndef OTTAVA_QUANTIZE_H
#define OTTAVA_QUANTIZE_H

#include "ottava/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    OTTAVA_PER_TENSOR = 0,
    OTTAVA_BLOCKS_128 = 1,
    OTTAVA_GROUPS_16 = 2,
};

/*
 * Quantises x [rows, columns] of dtype F32 or BF16, rows x_pitch apart. scales_given: the scales are not made but read, as for a weight
 * whose scales were made when it changed; they may be any numbers. GROUPS_16 has no transposed copy: q_transposed is 0. With q and
 * q_transposed both 0, only scales are made.
 */
OTTAVA_API int ottava_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed, int64_t q_transposed_pitch,
                               int scaling, int64_t scales, int scales_given, int dtype, int64_t x, int64_t x_pitch, int64_t rows,
                               int64_t columns);

/* y[i, j] = q[i, j] * scale, rounded to dtype, F32 or BF16. */
OTTAVA_API int ottava_dequantize(int64_t stream, int dtype, int64_t y, int64_t y_pitch, int q_dtype, int64_t q, int64_t q_pitch,
                                 int scaling, int64_t scales, int64_t rows, int64_t columns);

/* y = a + b of dtype, F32 or BF16, all [rows, columns] and dense, and y quantised as it is stored, in GROUPS_16. y may be a or b. */
OTTAVA_API int ottava_add_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t scales, int dtype, int64_t y, int64_t a,
                                   int64_t b, int64_t rows, int64_t columns);

/*
 * y[j, i] = x[i, j] for codes x [rows, columns] of either format, rows x_pitch apart, as ottava_quantize writes them: the transposed copy
 * of a weight that is stored as codes. y [columns, rows], rows y_pitch apart, is filled up with zeros as above.
 */
OTTAVA_API int ottava_transpose_codes(int64_t stream, int64_t y, int64_t y_pitch, int64_t x, int64_t x_pitch, int64_t rows,
                                      int64_t columns);

/*
 * The three operations below quantise what they make, PER_TENSOR or BLOCKS_128, without the tensor between. x, gate and up are either
 *   of dtype, dense, where their scales are 0: the bits are those of the operation without `_quantize`, rounded to dtype, and
 *     ottava_quantize;
 *   or E4M3 codes in GROUPS_16, whose rows are x_pitch or gate_pitch apart: the bits are those of ottava_dequantize to F32, the operation
 *     without `_quantize` in F32, and ottava_quantize. Nothing is rounded to BF16 between.
 * All else of dtype is dense, and widened where the operation is in F32.
 *
 * scales_given: scales (and inverse_rms) are not made but read. From the same x, and what an earlier call made, come the same codes, in
 * whatever layout: so the backward pass makes the transposed operand of a weight's gradient again.
 */

/* x [rows, columns] and weight [columns] of dtype, inverse_rms [rows] F32: see norm.h. */
OTTAVA_API int ottava_rms_norm_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed,
                                        int64_t q_transposed_pitch, int scaling, int64_t scales, int scales_given, int64_t inverse_rms,
                                        int dtype, int64_t x, int64_t x_pitch, int64_t x_scales, int64_t weight, int64_t rows,
                                        int64_t columns, double epsilon);

/* gate and up [rows, columns] of dtype, or both codes: see activation.h. */
OTTAVA_API int ottava_swiglu_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int64_t q_transposed,
                                      int64_t q_transposed_pitch, int scaling, int64_t scales, int scales_given, int dtype, int64_t gate,
                                      int64_t up, int64_t gate_pitch, int64_t gate_scales, int64_t up_scales, int64_t rows,
                                      int64_t columns);

/* d_y, gate and up [rows, columns] of dtype, or gate and up codes: see activation.h. The codes of d_gate and of d_up have the same pitches.
 */
OTTAVA_API int ottava_swiglu_backward_quantize(int64_t stream, int q_dtype, int64_t d_gate, int64_t d_gate_transposed,
                                               int64_t d_gate_scales, int64_t d_up, int64_t d_up_transposed, int64_t d_up_scales,
                                               int64_t q_pitch, int64_t q_transposed_pitch, int scaling, int dtype, int64_t d_y,
                                               int64_t gate, int64_t up, int64_t gate_pitch, int64_t gate_scales, int64_t up_scales,
                                               int64_t rows, int64_t columns);

#ifdef __cplusplus
}
#endif

#endif
