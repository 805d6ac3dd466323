// Mathematics that the compiler vectorises: branch-free, no calls, no tables.
#pragma once

#include "kernels.h"

OTTAVA_CPU_BEGIN

// exp(x) with a relative error below 2e-7; 0 where exp(x) is below 2^-125 or so, inf where it overflows; NaN stays NaN.
// x = n ln 2 + r with |r| <= ln 2 / 2, and exp(r) by the minimax polynomial of Cephes' expf.
__attribute__((always_inline)) inline float vector_exp(float x) {
    // Beyond these bounds the result is inf or 0 already. A NaN fails both comparisons and goes through.
    x = x > 89.0f ? 89.0f : x;
    x = x < -87.6f ? -87.6f : x;
    // 1.5 * 2^23, so that the sum's low bits are the rounded integer n; and 126, so that they are the biased exponent of 2^(n-1).
    constexpr float magic = 12582912.0f + 126.0f;
    float shifted = x * 1.44269504088896341f + magic;
    float n = shifted - magic;
    // ln 2 in two parts; n times the first is exact.
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    // 2 exp(r), because n goes up to 128 but the exponent of a float to 127.
    float p = 2 * 1.9875691500e-4f;
    p = p * r + 2 * 1.3981999507e-3f;
    p = p * r + 2 * 8.3334519073e-3f;
    p = p * r + 2 * 4.1665795894e-2f;
    p = p * r + 2 * 1.6666665459e-1f;
    p = p * r + 2 * 5.0000001201e-1f;
    p = p * r + 2.0f;
    p = p * r + 2.0f;
    return p * bits_to_float(float_to_bits(shifted) << 23);
}

OTTAVA_CPU_END
