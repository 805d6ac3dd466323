// How blocks of 256 threads share a matrix when both rows and columns are reduced: a block has 256 columns of a group of rows, a warp
// every eighth row of the group, a lane eight consecutive columns. Grid: (ceil(columns / 256), groups of rows).
#pragma once

#include "reduce.cuh"

namespace ottava {

struct MatrixTile {
    static constexpr int threads = 256, columns = 256, run = 8, warps = 8, sums = warps * columns;

    int64_t row, end;  // of this warp: row, row + warps, ... < end
    int64_t column;    // the first of this lane
    int64_t count;     // columns of this lane; may be more than `run`, or not positive

    __device__ __forceinline__ MatrixTile(int64_t all_rows, int64_t all_columns, int64_t rows_per_group) {
        int64_t first = blockIdx.y * rows_per_group;
        row = first + threadIdx.x / 32;
        end = first + rows_per_group < all_rows ? first + rows_per_group : all_rows;
        column = static_cast<int64_t>(blockIdx.x) * columns + threadIdx.x % 32 * run;
        count = all_columns - column;
    }

    static __device__ __forceinline__ int64_t block() { return static_cast<int64_t>(blockIdx.y) * gridDim.x + blockIdx.x; }

    // Writes the sums over the group's rows to partial[group, columns], from each lane's sums over the rows of its warp.
    static __device__ __forceinline__ void write_column_sums(float* partial, const float* sum, int64_t all_columns) {
        OTTAVA_SHARED(float, slots, sums);
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
        for (int k = 0; k < run; k++) slots[warp * columns + k * 32 + lane] = sum[k];  // k before lane: no bank conflicts
        __syncthreads();
        float total = 0;
#pragma unroll
        for (int w = 0; w < warps; w++) total += slots[w * columns + threadIdx.x];
        int64_t j = static_cast<int64_t>(blockIdx.x) * columns + lane * run + warp;
        if (j < all_columns) partial[blockIdx.y * all_columns + j] = total;
    }
};

}  // namespace ottava
