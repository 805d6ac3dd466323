// How the operands of a product come from memory: in chunks of 16 bytes along their rows, of any alignment and with any tail.
#pragma once

#include "../common/elements.cuh"

namespace ottava {

// A matrix of rows `pitch` elements apart. `aligned`: the address and the pitch are multiples of 16 bytes.
template <class T>
struct GemmOperand {
    const T* data;
    int64_t pitch, rows, columns;
    bool aligned;
};

// Elements column ... of a row; zeros outside of the matrix.
template <class T>
__device__ __forceinline__ uint4 load_chunk(const GemmOperand<T>& x, int64_t row, int64_t column) {
    constexpr int values = 16 / sizeof(T), per_word = values / 4;
    const T* at = x.data + row * x.pitch + column;
    int64_t left = row < x.rows ? x.columns - column : 0;
    if (x.aligned && left >= values) return load_16(at);
    uint32_t words[4] = {0, 0, 0, 0};
#pragma unroll
    for (int i = 0; i < values; i++)
        if (i < left) {
            typename Element<T>::Bits bits;
            memcpy(&bits, at + i, sizeof bits);
            words[i / per_word] |= static_cast<uint32_t>(bits) << (i % per_word * 16);
        }
    return make_uint4(words[0], words[1], words[2], words[3]);
}

// What becomes of the sums of a tile of 128 x 128 that begins at (first_row, first_column): D = sums + bias + D. finish() is called by all
// threads of the block, with the sums as the kernel of these types leaves them.
template <class T, class D>
struct GemmResult {
    D* data;
    int64_t pitch, rows, columns;
    const T* bias;  // may be null
    bool accumulate;

    // any_gemm_bf16: a warp has 64 x 32, in fragments of 16 x 8.
    __device__ __forceinline__ void finish(const float (&sums)[4][4][4], int64_t first_row, int64_t first_column) const {
        int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        first_row += warp / 4 * 64 + lane / 4;
        first_column += warp % 4 * 32 + lane % 4 * 2;
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int j = 0; j < 4; j++)
#pragma unroll
                for (int e = 0; e < 4; e++) add(first_row + i * 16 + e / 2 * 8, first_column + j * 8 + e % 2, sums[i][j][e]);
    }
    // any_gemm_f32: a thread has four blocks of 4 x 4 that lie 64 apart.
    __device__ __forceinline__ void finish(const float (&sums)[8][8], int64_t first_row, int64_t first_column) const {
        first_row += threadIdx.x / 16 * 4;
        first_column += threadIdx.x % 16 * 4;
#pragma unroll
        for (int i = 0; i < 8; i++)
#pragma unroll
            for (int j = 0; j < 8; j++) add(first_row + i % 4 + i / 4 * 64, first_column + j % 4 + j / 4 * 64, sums[i][j]);
    }

  private:
    __device__ __forceinline__ void add(int64_t row, int64_t column, float sum) const {
        if (row >= rows || column >= columns) return;
        D* to = data + row * pitch + column;
        if (bias != nullptr) sum += load(bias + column);
        if (accumulate) sum += load(to);
        store_element(to, Element<D>::store(sum));
    }
};

}  // namespace ottava
