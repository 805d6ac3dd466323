// Rows that kernels read by eight columns at a time, as floats: dense numbers, or FP8 codes in groups of 16.
// Both have the type `Type` that what is made of them is rounded to, and load(x, i, j, count): the eight columns of row i from j on, a
// multiple of 8, of which `count` exist, none if it is not positive; zeros for the rest.
#pragma once

#include "../ptx/fp8.cuh"
#include "elements.cuh"

namespace ottava {

template <class T>
struct DenseRows {
    using Type = T;
    const T* x;
    int64_t columns;
    bool aligned;  // x is, and columns are a multiple of 8

    __device__ __forceinline__ void load(float (&value)[8], int64_t i, int64_t j, int64_t count) const {
        load_run<8>(value, x + i * columns + j, count, aligned);
    }
};

// E4M3 codes, rows `pitch` apart, of BF16 scales [rows, groups] (ottava/quantize.h), widened to F32.
struct GroupedCodes {
    using Type = float;
    const uint8_t* codes;
    int64_t pitch;
    const uint16_t* scales;
    int64_t groups;

    __device__ __forceinline__ void load(float (&value)[8], int64_t i, int64_t j, int64_t count) const {
        uint2 raw = make_uint2(0, 0);
        float scale = 0;
        if (count > 0) {
            raw = *reinterpret_cast<const uint2*>(codes + i * pitch + j);
            scale = Element<bf16>::load(scales[i * groups + j / 16]);
        }
        float4 low = ptx::to_float4<e4m3>(raw.x), high = ptx::to_float4<e4m3>(raw.y);
        float x[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
        for (int k = 0; k < 8; k++) value[k] = k < count ? x[k] * scale : 0.0f;  // what fills a row up may be 0 times NaN
    }
};

}  // namespace ottava
