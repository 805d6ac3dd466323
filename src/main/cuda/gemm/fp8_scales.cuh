// The scales of an operand of FP8, as native/include/ottava/gemm.h lays them out.
#pragma once

#include "../cuda_types.cuh"

namespace ottava {

// One F32 per 128 rows and 128 of k, or, with both strides 0, one for all.
struct Fp8Scales {
    const float* values;
    int64_t row_stride, k_stride;
    int last;  // block of rows

    // Those of the 128 rows that hold `row`, by blocks of k `k_stride` apart; past the last row, where a tile reaches beyond D, the last.
    __device__ __forceinline__ const float* of_rows(int row) const { return values + min(row / 128, last) * row_stride; }
};

}  // namespace ottava
