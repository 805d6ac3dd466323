// The numbers of an FP8 weight that is updated: its new scale, and codes that are rounded stochastically. See ottava/fused_lomo.h.
#pragma once

#include "../common/exact_division.cuh"
#include "../common/scale.cuh"
#include "update.cuh"

namespace ottava {

__device__ __forceinline__ float weight_scale_of(uint32_t magnitude, bool power_of_two) {
    float scale = scale_of(magnitude, e4m3::largest);
    return power_of_two && scale == scale ? bits_to_float((float_to_bits(scale) + 0x7fffffu) & 0x7f800000u) : scale;
}

// The code of x with its last place rounded up, away from zero, with a probability equal to the part cut off; random: 16 bits.
__device__ __forceinline__ uint32_t stochastic_e4m3(float x, uint32_t random) {
    uint32_t magnitude = magnitude_bits(x), code;
    if (magnitude < 0x3c800000u) {
        // Below the normal numbers, in units of 2^-25, of which 65536 are the smallest number.
        code = (static_cast<uint32_t>(static_cast<int32_t>(bits_to_float(magnitude) * 0x1p25f)) + random) >> 16;
    } else {
        code = (((magnitude >> 4) + random) >> 16) - ((127 - 7) << 3);
    }
    code = code < 0x7eu ? code : 0x7eu;
    return magnitude > 0x7f800000u ? 0x7fu : code | (float_to_bits(x) >> 24 & 0x80u);
}

// The codes of a pair of numbers, the first in the lower byte; random: a half for each, the lower for the first.
__device__ __forceinline__ uint16_t e4m3_pair(float first, float second, bool stochastic, uint32_t random) {
    if (!stochastic) return ptx::to_fp8x2<e4m3>(first, second);
    return static_cast<uint16_t>(stochastic_e4m3(first, random & 0xffffu) | stochastic_e4m3(second, random >> 16) << 8);
}

}  // namespace ottava
