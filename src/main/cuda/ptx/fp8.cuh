// FP8 of two kinds (Micikevicius et al., "FP8 Formats for Deep Learning", 2022). E4M3: bias 7, largest 448, no infinities, NaN 0x7f and
// 0xff. E5M2: bias 15, largest 57344, infinities, NaN 0x7d to 0x7f and their negatives.
// From F32: to nearest even, what is larger than the largest becomes the largest, also infinities, NaN becomes 0x7f. To F32 or F16: exact,
// NaN becomes 0x7fffffff or 0x7fff. Pairs and fours hold the first in the lowest byte.
// sm_89 and later have instructions for this; sm_80 and the simt device run the code below, with the same bits as CUDA's cuda_fp8.h.
#pragma once

#include "cuda_types.cuh"
#ifndef __CUDACC__
#include "simt/numbers.h"
#endif

namespace ottava {

struct e4m3 {
    static constexpr float largest = 448.0f;
    uint8_t bits;
};

struct e5m2 {
    static constexpr float largest = 57344.0f;
    uint8_t bits;
};

namespace ptx {

template <class A, class B>
inline constexpr bool is_same = false;
template <class A>
inline constexpr bool is_same<A, A> = true;
template <class F>
inline constexpr bool is_fp8 = is_same<F, e4m3> || is_same<F, e5m2>;

// The code of a float, in software.
template <class F>
__device__ __forceinline__ uint32_t fp8_code(float value) {
    static_assert(is_fp8<F>, "e4m3 or e5m2");
    constexpr bool is_e4m3 = is_same<F, e4m3>;
    constexpr int dropped = is_e4m3 ? 20 : 21;  // bits of the significand
    constexpr uint32_t rebias = (is_e4m3 ? 127 - 7 : 127 - 15) << 23;
    constexpr uint32_t largest = is_e4m3 ? 0x43e00000u : 0x47600000u;
    constexpr float magic = is_e4m3 ? 0x1p14f : 0x1p7f;  // its last place is the smallest subnormal
    uint32_t bits = __float_as_uint(value), sign = bits >> 24 & 0x80u, rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u) return 0x7fu;
    if (rest > largest) rest = largest;
    uint32_t code = rest < rebias + (1u << 23) ? __float_as_uint(__uint_as_float(rest) + magic) - __float_as_uint(magic)
                                               : (rest - rebias + (1u << (dropped - 1)) - 1 + (rest >> dropped & 1u)) >> dropped;
    return sign | code;
}

// The bits of the F16 that a code is, in software.
template <class F>
__device__ __forceinline__ uint32_t fp8_as_f16(uint32_t code) {
    static_assert(is_fp8<F>, "e4m3 or e5m2");
    uint32_t sign = (code & 0x80u) << 8, rest = code & 0x7fu;
    if (is_same<F, e5m2>) return rest > 0x7cu ? 0x7fffu : sign | rest << 8;
    if (rest == 0x7fu) return 0x7fffu;
    if (rest >= 8) return sign | ((rest << 7) + ((15 - 7) << 10));
    if (rest == 0) return sign;
    uint32_t exponent = rest >= 4 ? 2 : rest >= 2 ? 1 : 0;  // subnormals are rest / 512, and normal as F16
    return sign | (exponent + 15 - 9) << 10 | (rest << (10 - exponent) & 0x3ffu);
}

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890

template <class F>
__device__ __forceinline__ uint16_t to_fp8x2(float x, float y) {
    static_assert(is_fp8<F>, "e4m3 or e5m2");
    uint16_t pair;
    if constexpr (is_same<F, e4m3>) {
        asm("cvt.rn.satfinite.e4m3x2.f32 %0, %2, %1;\n" : "=h"(pair) : "f"(x), "f"(y));
    } else {
        asm("cvt.rn.satfinite.e5m2x2.f32 %0, %2, %1;\n" : "=h"(pair) : "f"(x), "f"(y));
    }
    return pair;
}

template <class F>
__device__ __forceinline__ uint32_t to_f16x2(uint16_t pair) {
    static_assert(is_fp8<F>, "e4m3 or e5m2");
    uint32_t halves;
    if constexpr (is_same<F, e4m3>) {
        asm("cvt.rn.f16x2.e4m3x2 %0, %1;\n" : "=r"(halves) : "h"(pair));
    } else {
        asm("cvt.rn.f16x2.e5m2x2 %0, %1;\n" : "=r"(halves) : "h"(pair));
    }
    return halves;
}

#else

template <class F>
__device__ __forceinline__ uint16_t to_fp8x2(float x, float y) {
    return static_cast<uint16_t>(fp8_code<F>(x) | fp8_code<F>(y) << 8);
}

template <class F>
__device__ __forceinline__ uint32_t to_f16x2(uint16_t pair) {
    return fp8_as_f16<F>(pair & 0xffu) | fp8_as_f16<F>(pair >> 8) << 16;
}

#endif

// The F32 of the lower half of a word.
__device__ __forceinline__ float f16_to_float(uint32_t half) {
#ifdef __CUDA_ARCH__
    float value;
    asm("cvt.f32.f16 %0, %1;\n" : "=f"(value) : "h"(static_cast<uint16_t>(half)));
    return value;
#else
    uint32_t sign = (half & 0x8000u) << 16, rest = half & 0x7fffu;
    if (rest > 0x7c00u) return __uint_as_float(0x7fffffffu);
    if (rest == 0x7c00u) return __uint_as_float(sign | 0x7f800000u);
    // Subnormals of F16 are integers times 2^-24.
    float value = rest < 0x400u ? static_cast<float>(rest) * 0x1p-24f : __uint_as_float((rest << 13) + ((127 - 15) << 23));
    return __uint_as_float(__float_as_uint(value) | sign);
#endif
}

template <class F>
__device__ __forceinline__ F to_fp8(float value) {
    return {static_cast<uint8_t>(to_fp8x2<F>(value, 0.0f))};
}

template <class F>
__device__ __forceinline__ uint32_t to_fp8x4(float x, float y, float z, float w) {
    return to_fp8x2<F>(x, y) | static_cast<uint32_t>(to_fp8x2<F>(z, w)) << 16;
}

template <class F>
__device__ __forceinline__ float to_float(F value) {
    return f16_to_float(to_f16x2<F>(value.bits));
}

template <class F>
__device__ __forceinline__ float2 to_float2(uint16_t pair) {
    uint32_t halves = to_f16x2<F>(pair);
    return make_float2(f16_to_float(halves), f16_to_float(halves >> 16));
}

template <class F>
__device__ __forceinline__ float4 to_float4(uint32_t four) {
    float2 low = to_float2<F>(static_cast<uint16_t>(four)), high = to_float2<F>(static_cast<uint16_t>(four >> 16));
    return make_float4(low.x, low.y, high.x, high.y);
}

}  // namespace ptx

#ifndef __CUDACC__
template <>
inline constexpr simt::NumberType simt::number_type<e4m3> = simt::E4M3;
template <>
inline constexpr simt::NumberType simt::number_type<e5m2> = simt::E5M2;
#endif

}  // namespace ottava
