#include "kernels.h"
#include "device.h"

OTTAVA_CPU_BEGIN

int gemm(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int operand_dtype, int64_t a, int64_t a_pitch, int a_transposed, int64_t b,
         int64_t b_pitch, int b_transposed, int64_t bias, int64_t m, int64_t n, int64_t k, int accumulate) {
    Gemm gemm{d_dtype, operand_dtype, a_transposed, b_transposed, bias != 0, accumulate, d_pitch, a_pitch, b_pitch, m, n, k};
    if (multiply_with_onednn(stream, gemm, d, a, b, bias)) return OTTAVA_OK;
    fail(OTTAVA_UNSUPPORTED, "own gemm to come");
}

OTTAVA_CPU_END
