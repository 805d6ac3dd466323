// D[m, n] = sum_k A[m, k] B[n, k] of BF16 operands by mma.sync, as native/include/ottava/gemm.h defines it: the portable kernel, for any
// shape, pitch and alignment.
//
// Block: 8 warps, a tile of 128 x 128 of D; a warp has 64 x 32 of it, in 64 registers a thread. Grid: tiles, flat, the columns of D
// fastest. Shared memory: two stages of 32 of the depth, 40 KiB; the next stage is on its way in registers while one is multiplied. Tiles
// lie there as in memory, along the depth or across it, and ldmatrix turns those across; rows are padded by 16 bytes against bank
// conflicts. The depth is summed in order in one thread, so that results do not depend on the grid.
#pragma once

#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"
#include "operands.cuh"

namespace ottava {

template <class Result, bool a_transposed, bool b_transposed>
struct any_gemm_bf16 {
    static constexpr int threads = 256;
    static constexpr int tile = 128;
    static constexpr int depth = 32;
    static constexpr int chunks = tile * depth / 8 / threads;

    GemmOperand<bf16> a, b;
    Result d;
    int64_t k;

    // A tile of an operand: [tile, depth] or, transposed, [depth, tile].
    template <bool transposed>
    struct Tile {
        static constexpr int columns = transposed ? tile : depth;
        static constexpr int pitch = columns + 8;
        static constexpr int size = (transposed ? depth : tile) * pitch;

        __device__ __forceinline__ static void load(uint4 (&chunk)[chunks], const GemmOperand<bf16>& x, int64_t first, int64_t at) {
#pragma unroll
            for (int c = 0; c < chunks; c++) {
                int i = (c * threads + threadIdx.x) * 8, row = i / columns, column = i % columns;
                chunk[c] = transposed ? load_chunk(x, at + row, first + column) : load_chunk(x, first + row, at + column);
            }
        }
        __device__ __forceinline__ static void store(bf16* to, const uint4 (&chunk)[chunks]) {
#pragma unroll
            for (int c = 0; c < chunks; c++) {
                int i = (c * threads + threadIdx.x) * 8;
                *reinterpret_cast<uint4*>(to + i / columns * pitch + i % columns) = chunk[c];
            }
        }
        // Four 8 x 8 matrices of 16 rows from `first` and 16 of the depth: rows 0-7, 8-15, then the same of the upper half of the depth.
        __device__ __forceinline__ static void rows_first(uint32_t (&fragment)[4], const bf16* from, int first, int at) {
            int lane = threadIdx.x % 32;
            if (transposed)
                ptx::ldmatrix_x4_transposed(fragment, from + (at + lane % 8 + lane / 16 * 8) * pitch + first + lane / 8 % 2 * 8);
            else
                ptx::ldmatrix_x4(fragment, from + (first + lane % 16) * pitch + at + lane / 16 * 8);
        }
        // The same, the two halves of the depth first.
        __device__ __forceinline__ static void depth_first(uint32_t (&fragment)[4], const bf16* from, int first, int at) {
            int lane = threadIdx.x % 32;
            if (transposed)
                ptx::ldmatrix_x4_transposed(fragment, from + (at + lane % 16) * pitch + first + lane / 16 * 8);
            else
                ptx::ldmatrix_x4(fragment, from + (first + lane % 8 + lane / 16 * 8) * pitch + at + lane / 8 % 2 * 8);
        }
    };
    using A = Tile<a_transposed>;
    using B = Tile<b_transposed>;

    __device__ void operator()() const {
        OTTAVA_SHARED(bf16, a_tiles, 2 * A::size);
        OTTAVA_SHARED(bf16, b_tiles, 2 * B::size);
        int64_t column_tiles = (d.columns + tile - 1) / tile;
        int64_t first_row = blockIdx.x / column_tiles * tile, first_column = blockIdx.x % column_tiles * tile;
        int warp = threadIdx.x / 32, warp_row = warp / 4 * 64, warp_column = warp % 4 * 32;

        float sums[4][4][4] = {};
        uint4 a_chunk[chunks], b_chunk[chunks];
        A::load(a_chunk, a, first_row, 0);
        B::load(b_chunk, b, first_column, 0);
        int stage = 0;
        for (int64_t at = 0; at < k; at += depth, stage ^= 1) {
            bf16* a_tile = a_tiles + stage * A::size;
            bf16* b_tile = b_tiles + stage * B::size;
            A::store(a_tile, a_chunk);
            B::store(b_tile, b_chunk);
            // The stage that is written next was read before this barrier.
            __syncthreads();
            if (at + depth < k) {
                A::load(a_chunk, a, first_row, at + depth);
                B::load(b_chunk, b, first_column, at + depth);
            }
#pragma unroll
            for (int inner = 0; inner < depth; inner += 16) {
                uint32_t right[4][2];
#pragma unroll
                for (int j = 0; j < 4; j += 2) {
                    uint32_t pair[4];
                    B::depth_first(pair, b_tile, warp_column + j * 8, inner);
                    right[j][0] = pair[0], right[j][1] = pair[1];
                    right[j + 1][0] = pair[2], right[j + 1][1] = pair[3];
                }
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    uint32_t left[4];
                    A::rows_first(left, a_tile, warp_row + i * 16, inner);
#pragma unroll
                    for (int j = 0; j < 4; j++) ptx::mma_m16n8k16_bf16(sums[i][j], left, right[j]);
                }
            }
        }
        d.finish(sums, first_row, first_column);
    }
};

}  // namespace ottava
