// Quantisation to FP8 with a scale per block of 128 x 128 or one that is there already, in one or both layouts. See ottava/quantize.h.
// A block of threads has a block of the matrix: 512 threads with four rows of eight columns each, in registers, so that every input is read
// once. The transposed codes go through shared memory (16 KiB), as words of four rows, 32 to a column; the 16-byte parts of a column are
// exchanged so that neither the words of a warp nor the parts that it reads share a bank.
// Grid: one-dimensional, a block for each of the matrix, row by row.
#pragma once

#include "../common/reduce.cuh"
#include "../common/scale.cuh"
#include "sources.cuh"

namespace ottava {

constexpr int scale_block = 128;

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
            if (to[n].transposed != nullptr) store_transposed(to[n].transposed, codes, four, eight, block_row, block_column);
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

    // Four words of four bytes transposed.
    static __device__ __forceinline__ void transpose(uint32_t* words, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
        uint32_t ab_low = __byte_perm(a, b, 0x5140), ab_high = __byte_perm(a, b, 0x7362);
        uint32_t cd_low = __byte_perm(c, d, 0x5140), cd_high = __byte_perm(c, d, 0x7362);
        words[0] = __byte_perm(ab_low, cd_low, 0x5410);
        words[1] = __byte_perm(ab_low, cd_low, 0x7632);
        words[2] = __byte_perm(ab_high, cd_high, 0x5410);
        words[3] = __byte_perm(ab_high, cd_high, 0x7632);
    }

    __device__ __forceinline__ void store_transposed(uint8_t* out, const uint2* codes, uint32_t four, uint32_t eight, int64_t block_row,
                                                     int64_t block_column) const {
        OTTAVA_SHARED(uint32_t, tile, scale_block * scale_block / 4);
        uint32_t words[8];
        transpose(words, codes[0].x, codes[1].x, codes[2].x, codes[3].x);
        transpose(words + 4, codes[0].y, codes[1].y, codes[2].y, codes[3].y);
        __syncthreads();  // the codes of the matrix before may still be read
#pragma unroll
        for (uint32_t k = 0; k < 8; k++) tile[part_of(8 * eight + k, four / 4) * 4 + four % 4] = words[k];
        __syncthreads();
        uint32_t part = threadIdx.x % 8;
        int64_t i = block_row + part * 16;
#pragma unroll
        for (uint32_t column = threadIdx.x / 8; column < scale_block; column += threads / 8) {
            int64_t j = block_column + column;
            if (j < columns && i < filled_up(rows)) store_16(out + j * transposed_pitch + i, load_16(tile + part_of(column, part) * 4));
        }
    }
    // Where 16 rows of a column are, in units of 16 bytes.
    static __device__ __forceinline__ uint32_t part_of(uint32_t column, uint32_t part) {
        return column * 8 + (part ^ column / 8 % 8);
    }
};

}  // namespace ottava
