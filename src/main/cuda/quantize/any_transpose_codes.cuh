// The transposed copy of codes. See ottava/quantize.h.
// A block of threads has 128 x 128 codes: 512 threads with four rows of eight columns each.
// Grid: one-dimensional, a block for each of the matrix, row by row.
#pragma once

#include "transposed_codes.cuh"

namespace ottava {

struct any_transpose_codes {
    static constexpr int threads = 512;

    uint8_t* y;
    int64_t y_pitch;
    const uint8_t* x;
    int64_t x_pitch;
    int64_t rows, columns;

    __device__ __forceinline__ void operator()() const {
        uint32_t across = static_cast<uint32_t>((columns + scale_block - 1) / scale_block);
        int64_t block_row = static_cast<int64_t>(blockIdx.x / across) * scale_block;
        int64_t block_column = static_cast<int64_t>(blockIdx.x % across) * scale_block;
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        uint32_t four = warp / 2 * 4 + lane / 8, eight = warp % 2 * 8 + lane % 8;
        int64_t i = block_row + 4 * four, j = block_column + 8 * eight;
        uint2 codes[4];
#pragma unroll
        for (int r = 0; r < 4; r++) {
            bool there = i + r < rows && j < filled_up(columns);
            codes[r] = there ? *reinterpret_cast<const uint2*>(x + (i + r) * x_pitch + j) : make_uint2(0, 0);
        }
        store_transposed(y, y_pitch, codes, four, eight, block_row, block_column, rows, columns);
    }
};

}  // namespace ottava
