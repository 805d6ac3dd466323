// Quantisation to FP8 with a scale per block of 128 x 128 or one that is there already, in one or both layouts. See ottava/quantize.h.
// A block of threads has a block of the matrix: 512 threads with four rows of eight columns each, in registers, so that every input is read
// once. The transposed codes go through shared memory (transposed_codes.cuh).
// Grid: one-dimensional, a block for each of the matrix, row by row.
#pragma once

#include "../common/reduce.cuh"
#include "../common/scale.cuh"
#include "sources.cuh"
#include "transposed_codes.cuh"

namespace ottava {

// Where the codes of one matrix go; either address may be null.
struct QuantizedTo {
    uint8_t* codes;
    uint8_t* transposed;
    float* scales;
    uint32_t* magnitudes;  // of each block, for a scale per tensor
};

enum class ScalesAre { Made, Given, NotYet };  // NotYet: only the magnitudes are found

template <class F, class Source>
struct any_quantize {
    using T = typename Source::Type;
    static constexpr int threads = 512, least_blocks = sizeof(T) == 2 && Source::outputs == 1 ? 2 : 1;
    static constexpr float largest_number = F::largest;

    Source source;
    QuantizedTo to[Source::outputs];
    int64_t pitch, transposed_pitch;
    int64_t rows, columns;
    ScalesAre scales_are = ScalesAre::Made;
    int scale_stride = 1;  // 1, or 0 for a scale per tensor

    __device__ __forceinline__ void operator()() const {
        uint32_t across = static_cast<uint32_t>((columns + scale_block - 1) / scale_block);
        int64_t block_row = static_cast<int64_t>(blockIdx.x / across) * scale_block;
        int64_t block_column = static_cast<int64_t>(blockIdx.x % across) * scale_block;
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        uint32_t four = warp / 2 * 4 + lane / 8, eight = warp % 2 * 8 + lane % 8;  // of the rows, of the columns
        int64_t i = block_row + 4 * four, j = block_column + 8 * eight;

        Run<T> runs[4][Source::outputs];
#pragma unroll
        for (int r = 0; r < 4; r++) source.make(runs[r], i + r, j, count_of(i + r, j));

#pragma unroll
        for (int n = 0; n < Source::outputs; n++) {
            float scale;
            if (scales_are == ScalesAre::Given) {
                scale = to[n].scales[blockIdx.x * scale_stride];
            } else {
                uint32_t magnitude = largest_of_block(runs, n);
                if (scales_are == ScalesAre::NotYet) {
                    if (threadIdx.x == 0) to[n].magnitudes[blockIdx.x] = magnitude;
                    continue;
                }
                scale = scale_of(magnitude, largest_number);
                if (threadIdx.x == 0) to[n].scales[blockIdx.x] = scale;
            }
            uint2 codes[4];
#pragma unroll
            for (int r = 0; r < 4; r++) {
                float x[8];
                runs[r][n].unpack(x);
                int64_t count = count_of(i + r, j);
                codes[r] = make_uint2(fp8_codes<F>(x, scale, count), fp8_codes<F>(x + 4, scale, count - 4));
                if (to[n].codes != nullptr && i + r < rows && j < filled_up(columns))
                    *reinterpret_cast<uint2*>(to[n].codes + (i + r) * pitch + j) = codes[r];
            }
            if (to[n].transposed != nullptr)
                store_transposed(to[n].transposed, transposed_pitch, codes, four, eight, block_row, block_column, rows, columns);
        }
    }

  private:
    // Columns that exist in row i from column j on.
    __device__ __forceinline__ int64_t count_of(int64_t i, int64_t j) const {
        return i < rows ? columns - j : 0;
    }

    static __device__ __forceinline__ uint32_t largest_of_block(const Run<T> (&runs)[4][Source::outputs], int n) {
        uint32_t magnitude = 0;
#pragma unroll
        for (int r = 0; r < 4; r++) {
            float x[8];
            runs[r][n].unpack(x);
#pragma unroll
            for (int k = 0; k < 8; k++) magnitude = max(magnitude, magnitude_bits(x[k]));
        }
        return block_reduce<Maximum>(magnitude, 0u);
    }
};

}  // namespace ottava
