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

#ifdef __cplusplus
}
#endif

#endif
