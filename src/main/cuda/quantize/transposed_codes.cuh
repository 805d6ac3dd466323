// How 512 threads write 128 x 128 codes transposed: through shared memory (16 KiB), as words of four rows, 32 to a column; the 16-byte
// parts of a column are exchanged so that neither the words of a warp nor the parts that it reads share a bank.
#pragma once

#include "row_units.cuh"

namespace ottava {

constexpr int scale_block = 128;

// Four words of four bytes transposed.
__device__ __forceinline__ void transpose_words(uint32_t* words, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    uint32_t ab_low = __byte_perm(a, b, 0x5140), ab_high = __byte_perm(a, b, 0x7362);
    uint32_t cd_low = __byte_perm(c, d, 0x5140), cd_high = __byte_perm(c, d, 0x7362);
    words[0] = __byte_perm(ab_low, cd_low, 0x5410);
    words[1] = __byte_perm(ab_low, cd_low, 0x7632);
    words[2] = __byte_perm(ab_high, cd_high, 0x5410);
    words[3] = __byte_perm(ab_high, cd_high, 0x7632);
}

// Where 16 rows of a column are, in units of 16 bytes.
__device__ __forceinline__ uint32_t transposed_part(uint32_t column, uint32_t part) {
    return column * 8 + (part ^ column / 8 % 8);
}

// A thread has codes of the rows 4 four .. and the columns 8 eight .. of the block; those of rows and columns that the matrix has not are
// 0.
__device__ __forceinline__ void store_transposed(uint8_t* out, int64_t pitch, const uint2* codes, uint32_t four, uint32_t eight,
                                                 int64_t block_row, int64_t block_column, int64_t rows, int64_t columns) {
    OTTAVA_SHARED(uint32_t, tile, scale_block * scale_block / 4);
    uint32_t words[8];
    transpose_words(words, codes[0].x, codes[1].x, codes[2].x, codes[3].x);
    transpose_words(words + 4, codes[0].y, codes[1].y, codes[2].y, codes[3].y);
    __syncthreads();  // the codes of the matrix before may still be read
#pragma unroll
    for (uint32_t k = 0; k < 8; k++) tile[transposed_part(8 * eight + k, four / 4) * 4 + four % 4] = words[k];
    __syncthreads();
    uint32_t part = threadIdx.x % 8;
    int64_t i = block_row + part * 16;
#pragma unroll
    for (uint32_t column = threadIdx.x / 8; column < scale_block; column += 512 / 8) {
        int64_t j = block_column + column;
        if (j < columns && i < filled_up(rows)) store_16(out + j * pitch + i, load_16(tile + transposed_part(column, part) * 4));
    }
}

}  // namespace ottava
