// The scales of FP8 numbers. See ottava/quantize.h.
#pragma once

#include "../ptx/fp8.cuh"
#include "elements.cuh"

namespace ottava {

// The bits of |x|. As integers, those of infinity and NaN are above those of all numbers, so that one maximum finds them too.
__device__ __forceinline__ uint32_t magnitude_bits(float x) {
    return float_to_bits(x) & 0x7fffffffu;
}

// The scale of numbers with this largest magnitude; `number`: the largest number of the format.
__device__ __forceinline__ float scale_of(uint32_t magnitude, float number) {
    if (magnitude >= 0x7f800000u) return bits_to_float(0x7fc00000u);
    if (magnitude == 0) return 1.0f;
    float scale = bits_to_float(magnitude) / number;
    return scale > 0x1p-126f ? scale : 0x1p-126f;
}

// The bits of the BF16 above, or the same if it is one. A NaN has to have no bits set in the lower half.
__device__ __forceinline__ uint16_t round_up_to_bf16(float scale) {
    return static_cast<uint16_t>((float_to_bits(scale) + 0xffffu) >> 16);
}

// The codes of four numbers, the first in the lowest byte, of which `count` exist; zeros for the rest, whatever the scale.
template <class F>
__device__ __forceinline__ uint32_t fp8_codes(const float* x, float scale, int64_t count) {
    uint32_t codes = ptx::to_fp8x4<F>(x[0] / scale, x[1] / scale, x[2] / scale, x[3] / scale);
    return codes & (count >= 4 ? 0xffffffffu : count > 0 ? (1u << (8 * count)) - 1u : 0u);
}

// How many numbers a row of codes has, with the zeros at its end.
__device__ __forceinline__ int64_t filled_up(int64_t count) {
    return (count + 15) / 16 * 16;
}

}  // namespace ottava
