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

// log2 of a positive normal float, by its bits, in two parts that are added last: a whole number, and a fraction in [-1/2, 1/2] with an
// absolute error below 1e-7.
struct Log2 {
    int32_t whole;
    float fraction;
};

__attribute__((always_inline)) inline Log2 vector_log2(uint32_t bits) {
    constexpr int32_t root_of_half = 0x3f3504f3;
    int32_t whole = (static_cast<int32_t>(bits) - root_of_half) >> 23;
    float x = bits_to_float(bits - (static_cast<uint32_t>(whole) << 23));
    // The series of log2((1 + t) / (1 - t)), |t| < 0.172.
    float t = (x - 1.0f) / (x + 1.0f), square = t * t;
    float p = 0.3205988980f;
    p = p * square + 0.4121985831f;
    p = p * square + 0.5770780164f;
    p = p * square + 0.9617966939f;
    p = p * square + 2.8853900818f;
    return {whole, p * t};
}

// 2^x for x in [-126, 0], with a relative error below 2e-7; less counts as -126; 1 for 0; NaN stays NaN.
__attribute__((always_inline)) inline float vector_exp2(float x) {
    x = x < -126.0f ? -126.0f : x;
    // As in vector_exp: the low bits of the sum are the biased exponent of 2^n.
    constexpr float magic = 12582912.0f + 127.0f;
    float shifted = x + magic;
    float f = x - (shifted - magic);
    float p = 1.5252733804e-5f;
    p = p * f + 1.5403530393e-4f;
    p = p * f + 1.3333558146e-3f;
    p = p * f + 9.6181291076e-3f;
    p = p * f + 5.5504108665e-2f;
    p = p * f + 2.4022650696e-1f;
    p = p * f + 6.9314718056e-1f;
    p = p * f + 1.0f;
    return p * bits_to_float(float_to_bits(shifted) << 23);
}

OTTAVA_CPU_END
