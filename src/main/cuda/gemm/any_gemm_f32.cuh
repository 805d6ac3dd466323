// D[m, n] = sum_k A[m, k] B[n, k] in F32 by FFMA, as native/include/ottava/gemm.h defines it: the portable kernel, for any shape, pitch and
// alignment.
//
// Block: 256 threads, a tile of 128 x 128 of D; a thread has 8 x 8 of it, as four blocks of 4 x 4 that lie 64 apart. Grid: tiles, flat, the
// columns of D fastest. Shared memory: two stages of 16 of the depth, 33 KiB, across the depth ([depth, tile]) whatever the operand's
// layout; the next stage is on its way in registers while one is multiplied. The depth is summed in order in one thread, so that results do
// not depend on the grid.
#pragma once

#include "operands.cuh"

namespace ottava {

template <class Result, bool a_transposed, bool b_transposed>
struct any_gemm_f32 {
    static constexpr int threads = 256;
    static constexpr int tile = 128;
    static constexpr int depth = 16;
    static constexpr int pitch = tile + 4;
    static constexpr int chunks = tile * depth / 4 / threads;

    GemmOperand<float> a, b;
    Result d;
    int64_t k;

    template <bool transposed>
    __device__ __forceinline__ static void load(uint4 (&chunk)[chunks], const GemmOperand<float>& x, int64_t first, int64_t at) {
        constexpr int columns = transposed ? tile : depth;
#pragma unroll
        for (int c = 0; c < chunks; c++) {
            int i = (c * threads + threadIdx.x) * 4, row = i / columns, column = i % columns;
            chunk[c] = transposed ? load_chunk(x, at + row, first + column) : load_chunk(x, first + row, at + column);
        }
    }

    template <bool transposed>
    __device__ __forceinline__ static void store(float* to, const uint4 (&chunk)[chunks]) {
        constexpr int columns = transposed ? tile : depth;
#pragma unroll
        for (int c = 0; c < chunks; c++) {
            int i = (c * threads + threadIdx.x) * 4, row = i / columns, column = i % columns;
            if (transposed) {
                *reinterpret_cast<uint4*>(to + row * pitch + column) = chunk[c];
            } else {
                to[column * pitch + row] = bits_to_float(chunk[c].x);
                to[(column + 1) * pitch + row] = bits_to_float(chunk[c].y);
                to[(column + 2) * pitch + row] = bits_to_float(chunk[c].z);
                to[(column + 3) * pitch + row] = bits_to_float(chunk[c].w);
            }
        }
    }

    // Eight of the 128 values of a row of a tile.
    __device__ __forceinline__ static void take(float (&values)[8], const float* row) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float4 four = *reinterpret_cast<const float4*>(row + half * (tile / 2));
            values[half * 4] = four.x;
            values[half * 4 + 1] = four.y;
            values[half * 4 + 2] = four.z;
            values[half * 4 + 3] = four.w;
        }
    }

    __device__ void operator()() const {
        OTTAVA_SHARED(float, a_tiles, 2 * depth * pitch);
        OTTAVA_SHARED(float, b_tiles, 2 * depth * pitch);
        int64_t column_tiles = (d.columns + tile - 1) / tile;
        int64_t first_row = blockIdx.x / column_tiles * tile, first_column = blockIdx.x % column_tiles * tile;
        int thread_row = threadIdx.x / 16 * 4, thread_column = threadIdx.x % 16 * 4;

        float sums[8][8] = {};
        uint4 a_chunk[chunks], b_chunk[chunks];
        load<a_transposed>(a_chunk, a, first_row, 0);
        load<b_transposed>(b_chunk, b, first_column, 0);
        int stage = 0;
        for (int64_t at = 0; at < k; at += depth, stage ^= 1) {
            float* a_tile = a_tiles + stage * depth * pitch;
            float* b_tile = b_tiles + stage * depth * pitch;
            store<a_transposed>(a_tile, a_chunk);
            store<b_transposed>(b_tile, b_chunk);
            // The stage that is written next was read before this barrier.
            __syncthreads();
            if (at + depth < k) {
                load<a_transposed>(a_chunk, a, first_row, at + depth);
                load<b_transposed>(b_chunk, b, first_column, at + depth);
            }
#pragma unroll 2
            for (int inner = 0; inner < depth; inner++) {
                float left[8], right[8];
                take(left, a_tile + inner * pitch + thread_row);
                take(right, b_tile + inner * pitch + thread_column);
#pragma unroll
                for (int i = 0; i < 8; i++)
#pragma unroll
                    for (int j = 0; j < 8; j++) sums[i][j] = fmaf(left[i], right[j], sums[i][j]);
            }
        }
        d.finish(sums, first_row, first_column);
    }
};

}  // namespace ottava
