// How blocks of 256 threads go over the units of 16 columns of a matrix, whatever its shape: a block has 2^shift units side by side, of
// 256 / 2^shift rows. Grid: (ceil(units of a row / 2^shift), any number).
#pragma once

#include "../cuda_types.cuh"

namespace ottava {

struct RowUnits {
    static constexpr int threads = 256, unit = 16;
    int shift;

    __device__ __forceinline__ int64_t column() const {
        return ((static_cast<int64_t>(blockIdx.x) << shift) + (threadIdx.x & ((1u << shift) - 1u))) * unit;
    }
    __device__ __forceinline__ int64_t first_row() const { return (static_cast<int64_t>(blockIdx.y) * threads + threadIdx.x) >> shift; }
    __device__ __forceinline__ int64_t row_step() const { return (static_cast<int64_t>(gridDim.y) * threads) >> shift; }
};

}  // namespace ottava
