// Mathematics that the compiler vectorises: branch-free, no calls, no tables.
#pragma once

#include "kernels.h"

OTTAVA_CPU_BEGIN

// exp(x) with a relative error below 2e-7 wherever the result is a normal number; exp(-inf) is 0, overflow is inf, NaN stays NaN.
// x = n ln 2 + r with |r| <= ln 2 / 2, and exp(r) by the minimax polynomial of Cephes' expf.
__attribute__((always_inline)) inline float vector_exp(float x) {
    // Beyond these bounds the result is inf or 0 already. A NaN fails both comparisons and goes through.
    x = x > 89.0f ? 89.0f : x;
    x = x < -104.5f ? -104.5f : x;
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: the sum's low bits are the rounded integer
    float shifted = x * 1.44269504088896341f + magic;
    float n = shifted - magic;
    // ln 2 in two parts; n times the first is exact.
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    // 2^n as a product of two, because n reaches from -151 to 128.
    int32_t exponent = static_cast<int32_t>(float_to_bits(shifted) - float_to_bits(magic));
    int32_t half = exponent >> 1;
    float first = bits_to_float(static_cast<uint32_t>(half + 127) << 23);
    float second = bits_to_float(static_cast<uint32_t>(exponent - half + 127) << 23);
    return p * first * second;
}

OTTAVA_CPU_END
