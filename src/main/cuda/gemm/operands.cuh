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

// What becomes of the sums: D = sums + bias + D.
template <class T, class D>
struct GemmResult {
    D* data;
    int64_t pitch, rows, columns;
    const T* bias;  // may be null
    bool accumulate;

    __device__ __forceinline__ void add(int64_t row, int64_t column, float sum) const {
        if (row >= rows || column >= columns) return;
        D* to = data + row * pitch + column;
        if (bias != nullptr) sum += load(bias + column);
        if (accumulate) sum += load(to);
        store_element(to, Element<D>::store(sum));
    }
};

}  // namespace ottava
