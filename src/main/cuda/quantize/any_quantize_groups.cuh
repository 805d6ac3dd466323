// Quantisation to FP8 with a BF16 scale per 16 of a row (COAT, section 5). See ottava/quantize.h.
// A thread has a group at a time. Grid and block: RowUnits; no shared memory. Every byte is read once and written once.
#pragma once

#include "../common/scale.cuh"
#include "row_units.cuh"

namespace ottava {

// What is quantised: make(value, i, j, count), the 16 columns of row i from j on, of which `count` exist; zeros for the rest.

// x itself, [rows, columns] of T.
template <class T>
struct StoredRows {
    const T* x;
    int64_t pitch;
    bool aligned;

    __device__ __forceinline__ void make(float (&value)[16], int64_t i, int64_t j, int64_t count) const {
        load_run<16>(value, x + i * pitch + j, count, aligned);
    }
};

// y = a + b, rounded to T, which is stored too; dense. y may be a or b.
template <class T>
struct SumOf {
    T* y;
    const T* a;
    const T* b;
    int64_t columns;
    bool aligned;

    __device__ __forceinline__ void make(float (&value)[16], int64_t i, int64_t j, int64_t count) const {
        float x[16];
        int64_t at = i * columns + j;
        load_run<16>(x, a + at, count, aligned);
        load_run<16>(value, b + at, count, aligned);
        typename Element<T>::Bits bits[16];
#pragma unroll
        for (int k = 0; k < 16; k++) {
            bits[k] = Element<T>::store(x[k] + value[k]);
            value[k] = Element<T>::load(bits[k]);
        }
        store_bits<16>(y + at, bits, count, aligned);
    }
};

// codes (may be null) and scales. scales: BF16 [rows, ceil(columns / 16)], read if they are given.
template <class F, class Source>
struct any_quantize_groups {
    static constexpr int threads = RowUnits::threads;
    RowUnits units;
    Source source;
    uint8_t* codes;
    int64_t pitch;
    uint16_t* scales;
    bool scales_given;
    int64_t rows, columns;

    __device__ __forceinline__ void operator()() const {
        int64_t j = units.column(), count = columns - j;
        if (count <= 0) return;
        int64_t groups = (columns + 15) / 16;
        for (int64_t i = units.first_row(); i < rows; i += units.row_step()) {
            float value[16];
            source.make(value, i, j, count);
            uint16_t& at = scales[i * groups + j / 16];
            uint16_t scale;
            if (scales_given) {
                scale = at;
            } else {
                uint32_t magnitude = 0;
#pragma unroll
                for (int k = 0; k < 16; k++) magnitude = max(magnitude, magnitude_bits(value[k]));
                scale = round_up_to_bf16(scale_of(magnitude, F::largest));
                at = scale;
            }
            if (codes == nullptr) continue;
            float s = Element<bf16>::load(scale);
            store_16(codes + i * pitch + j, make_uint4(fp8_codes<F>(value, s, count), fp8_codes<F>(value + 4, s, count - 4),
                                                       fp8_codes<F>(value + 8, s, count - 8), fp8_codes<F>(value + 12, s, count - 12)));
        }
    }
};

}  // namespace ottava
