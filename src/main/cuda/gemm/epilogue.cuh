// What becomes of the sums of a product of FP8 operands (native/include/ottava/gemm.h), on the fragments that tensor cores leave them in:
// of 16 rows and a multiple of 8 columns, thread 4 g + t of the warp holds in x[4 j + 2 h + e] row g + 8 h, column 8 j + 2 t + e. So do
// mma.m16n8 and wgmma, of which warp w has rows 16 w.
#pragma once

#include "../common/exact_division.cuh"
#include "../common/reduce.cuh"
#include "../common/scale.cuh"
#include "../ptx/fp8.cuh"

namespace ottava {

// Where a thread's part of a fragment lies in D.
struct FragmentPlace {
    int row, column;    // of x[0]
    int rows, columns;  // of D

    __device__ __forceinline__ FragmentPlace(int first_row, int first_column, int rows, int columns)
        : row(first_row + static_cast<int>(threadIdx.x) % 32 / 4),
          column(first_column + static_cast<int>(threadIdx.x) % 4 * 2),
          rows(rows),
          columns(columns) {}
    __device__ __forceinline__ bool has_row(int h) const { return row + 8 * h < rows; }
    // How many of the pair x[4 j + 2 h], x[4 j + 2 h + 1] are columns of D: less than 1, 1, or more.
    __device__ __forceinline__ int columns_left(int j) const { return columns - column - 8 * j; }
    template <class T>
    __device__ __forceinline__ T* at(T* matrix, int64_t pitch, int j, int h) const {
        return matrix + (row + 8 * h) * pitch + column + 8 * j;
    }
};

template <class T>
struct alignas(2 * sizeof(T)) ElementPair {
    typename Element<T>::Bits first, second;
};

template <int COUNT>
__device__ __forceinline__ void scale_fragment(float (&x)[COUNT], float scale) {
#pragma unroll
    for (int i = 0; i < COUNT; i++) x[i] *= scale;
}

template <class T, int COUNT>
__device__ __forceinline__ void add_row(float (&x)[COUNT], const T* bias, FragmentPlace place) {
#pragma unroll
    for (int j = 0; j < COUNT / 4; j++) {
        int left = place.columns_left(j);
        float first = left > 0 ? load(bias + place.column + 8 * j) : 0.0f;
        float second = left > 1 ? load(bias + place.column + 8 * j + 1) : 0.0f;
        x[4 * j] += first, x[4 * j + 1] += second, x[4 * j + 2] += first, x[4 * j + 3] += second;
    }
}

// pairs: two neighbours may be accessed at once.
template <class T, int COUNT>
__device__ __forceinline__ void add_matrix(float (&x)[COUNT], const T* matrix, int64_t pitch, bool pairs, FragmentPlace place) {
#pragma unroll
    for (int j = 0; j < COUNT / 4; j++) {
        int left = place.columns_left(j);
#pragma unroll
        for (int h = 0; h < 2; h++) {
            if (!place.has_row(h)) continue;
            const T* from = place.at(matrix, pitch, j, h);
            float* to = x + 4 * j + 2 * h;
            if (pairs && left > 1) {
                auto pair = *reinterpret_cast<const ElementPair<T>*>(from);
                to[0] += Element<T>::load(pair.first), to[1] += Element<T>::load(pair.second);
            } else {
                if (left > 0) to[0] += load(from);
                if (left > 1) to[1] += load(from + 1);
            }
        }
    }
}

template <class T, int COUNT>
__device__ __forceinline__ void store_matrix(const float (&x)[COUNT], T* matrix, int64_t pitch, bool pairs, FragmentPlace place) {
#pragma unroll
    for (int j = 0; j < COUNT / 4; j++) {
        int left = place.columns_left(j);
#pragma unroll
        for (int h = 0; h < 2; h++) {
            if (!place.has_row(h)) continue;
            T* to = place.at(matrix, pitch, j, h);
            ElementPair<T> pair{Element<T>::store(x[4 * j + 2 * h]), Element<T>::store(x[4 * j + 2 * h + 1])};
            if (pairs && left > 1) {
                *reinterpret_cast<ElementPair<T>*>(to) = pair;
            } else {
                if (left > 0) store_element(to, pair.first);
                if (left > 1) store_element(to + 1, pair.second);
            }
        }
    }
}

// What lies outside of D may be anything, also NaN: it is not to count.
template <int COUNT>
__device__ __forceinline__ void clear_outside(float (&x)[COUNT], FragmentPlace place) {
#pragma unroll
    for (int i = 0; i < COUNT; i++)
        if (!place.has_row(i / 2 % 2) || place.columns_left(i / 4) <= i % 2) x[i] = 0.0f;
}

// D in F32 or BF16, its type chosen by the caller.
struct StoreResult {
    int rows, columns;  // of D
    const void* bias;   // may be null
    bool bias_is_f32;
    const void* addend;  // of D's type, may be null
    int64_t addend_pitch;
    bool addend_pairs;
    void* d;
    int64_t d_pitch;
    bool d_pairs;
    int* amax;  // may be null

    template <class D, int COUNT>
    __device__ __forceinline__ void finish(float (&x)[COUNT], float scale, FragmentPlace place) const {
        scale_fragment(x, scale);
        if (bias != nullptr) {
            if (bias_is_f32) {
                add_row(x, static_cast<const float*>(bias), place);
            } else {
                add_row(x, static_cast<const bf16*>(bias), place);
            }
        }
        if (addend != nullptr) add_matrix(x, static_cast<const D*>(addend), addend_pitch, addend_pairs, place);
        if (amax != nullptr) raise_amax<D>(x, place);
    }
    template <class D, int COUNT>
    __device__ __forceinline__ void store(const float (&x)[COUNT], FragmentPlace place) const {
        store_matrix(x, static_cast<D*>(d), d_pitch, d_pairs, place);
    }

  private:
    // Maxima do not depend on their order.
    template <class D, int COUNT>
    __device__ __forceinline__ void raise_amax(const float (&x)[COUNT], FragmentPlace place) const {
        uint32_t largest = 0;
#pragma unroll
        for (int i = 0; i < COUNT; i++)
            if (place.has_row(i / 2 % 2) && place.columns_left(i / 4) > i % 2)
                largest = Maximum()(largest, magnitude_bits(Element<D>::load(Element<D>::store(x[i]))));
        largest = warp_reduce<Maximum>(largest);
        if (threadIdx.x % 32 == 0) atomicMax(amax, static_cast<int>(largest));
    }
};

// D in FP8 with scales that are made here, in blocks of 128 x 128 or in groups of 16 of a row.
struct QuantizeResult {
    int rows, columns;  // of D
    const void* bias;   // may be null
    bool bias_is_f32;
    bool to_e5m2;  // else E4M3
    bool groups;   // else blocks
    void* scales;  // float [ceil(rows / 128), ceil(columns / 128)], or bf16 [rows, ceil(columns / 16)]

    __device__ __forceinline__ float largest() const { return to_e5m2 ? e5m2::largest : e4m3::largest; }

    template <int COUNT>
    __device__ __forceinline__ void finish(float (&x)[COUNT], float scale, FragmentPlace place) const {
        scale_fragment(x, scale);
        if (bias != nullptr) {
            if (bias_is_f32) {
                add_row(x, static_cast<const float*>(bias), place);
            } else {
                add_row(x, static_cast<const bf16*>(bias), place);
            }
        }
        clear_outside(x, place);
    }

    // The scale of the block of 128 x 128 that holds (row, column) of D; one thread of those that share it writes it.
    __device__ __forceinline__ float block_scale(uint32_t amax_bits, int row, int column, bool writes) const {
        float scale = scale_of(amax_bits, largest());
        if (writes && row < rows && column < columns)
            static_cast<float*>(scales)[static_cast<int64_t>(row / 128) * ((columns + 127) / 128) + column / 128] = scale;
        return scale;
    }

    // The scale of 16 columns, of fragments j and j + 1 (j even), in row h; all lanes of the warp take part. The four lanes that share the
    // row write the scales of four groups in turn.
    template <int COUNT>
    __device__ __forceinline__ float group_scale(const float (&x)[COUNT], int j, int h, FragmentPlace place) const {
        uint32_t bits = 0;
#pragma unroll
        for (int i = 0; i < 4; i++) bits = Maximum()(bits, magnitude_bits(x[4 * (j + i / 2) + 2 * h + i % 2]));
        bits = Maximum()(bits, __shfl_xor_sync(all_lanes, bits, 1));
        bits = Maximum()(bits, __shfl_xor_sync(all_lanes, bits, 2));
        uint16_t scale = round_up_to_bf16(scale_of(bits, largest()));
        int lane = static_cast<int>(threadIdx.x) % 4, first_column = place.column - 2 * lane + 8 * j;
        if (lane == j / 2 % 4 && place.has_row(h) && first_column < columns)
            static_cast<uint16_t*>(scales)[static_cast<int64_t>(place.row + 8 * h) * ((columns + 15) / 16) + first_column / 16] = scale;
        return Element<bf16>::load(scale);
    }

    // Codes of the neighbours x[4 j + 2 h], x[4 j + 2 h + 1], the first in the lower byte; 0 beyond the columns of D, where rows are filled
    // up.
    template <int COUNT>
    __device__ __forceinline__ uint16_t codes(const float (&x)[COUNT], int j, int h, const ExactDivision& divided,
                                              FragmentPlace place) const {
        float first = divided(x[4 * j + 2 * h]), second = divided(x[4 * j + 2 * h + 1]);
        uint16_t pair = to_e5m2 ? ptx::to_fp8x2<e5m2>(first, second) : ptx::to_fp8x2<e4m3>(first, second);
        int left = place.columns_left(j);
        return left > 1 ? pair : left > 0 ? static_cast<uint16_t>(pair & 0xffu) : static_cast<uint16_t>(0);
    }
};

}  // namespace ottava
