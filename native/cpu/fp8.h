// FP8 (Micikevicius et al., "FP8 Formats for Deep Learning", 2022), branch-free, so that loops over it vectorise.
// E4M3 has no infinities, and one NaN (0x7f) and its negative; E5M2 has infinities, and the NaNs 0x7d to 0x7f and their negatives.
#pragma once

#include "kernels.h"

OTTAVA_CPU_BEGIN

struct e4m3 {
    static constexpr int significand_bits = 3, bias = 7;
    static constexpr uint32_t largest_code = 0x7e;
    static constexpr float largest = 448.0f;
    uint8_t bits;
};

struct e5m2 {
    static constexpr int significand_bits = 2, bias = 15;
    static constexpr uint32_t largest_code = 0x7b;
    static constexpr float largest = 57344.0f;
    uint8_t bits;
};

// Exact.
template <class F>
inline float fp8_to_float(uint32_t bits) {
    constexpr int shift = 23 - F::significand_bits;
    uint32_t sign = (bits & 0x80u) << 24, code = bits & 0x7fu;
    // Subnormal numbers are whole numbers of the smallest one.
    constexpr uint32_t smallest = static_cast<uint32_t>(127 + 1 - F::bias - F::significand_bits) << 23;
    uint32_t subnormal = float_to_bits(static_cast<float>(static_cast<int32_t>(code)) * bits_to_float(smallest));
    uint32_t normal = (code << shift) + (static_cast<uint32_t>(127 - F::bias) << 23);
    // What E5M2 has above its numbers, infinity and NaNs, F32 has with the same significand; E4M3 has but NaN.
    uint32_t special = 0x7f800000u | (code << shift & 0x7fffffu);
    uint32_t magnitude = code < 1u << F::significand_bits ? subnormal : normal;
    magnitude = code > F::largest_code ? special : magnitude;
    return bits_to_float(sign | magnitude);
}

// To nearest even; what is larger than the largest number, infinity too, becomes that; NaN becomes 0x7f.
template <class F>
inline uint8_t float_to_fp8(float value) {
    constexpr int shift = 23 - F::significand_bits;
    uint32_t bits = float_to_bits(value), magnitude = bits & 0x7fffffffu;
    uint32_t normal = ((magnitude + ((1u << (shift - 1)) - 1u) + ((magnitude >> shift) & 1u)) >> shift) -
                      (static_cast<uint32_t>(127 - F::bias) << F::significand_bits);
    // Below the normal numbers: a float whose last place is the smallest FP8 number, added, leaves the code in the lowest bits, rounded by
    // the hardware.
    constexpr uint32_t magic = static_cast<uint32_t>(127 + 23 + 1 - F::bias - F::significand_bits) << 23;
    uint32_t subnormal = float_to_bits(bits_to_float(magnitude) + bits_to_float(magic)) - magic;
    uint32_t code = magnitude < static_cast<uint32_t>(128 - F::bias) << 23 ? subnormal : normal;
    code = (code < F::largest_code ? code : F::largest_code) | (bits >> 24 & 0x80u);
    return static_cast<uint8_t>(magnitude > 0x7f800000u ? 0x7fu : code);
}

inline float load(e4m3 value) {
    return fp8_to_float<e4m3>(value.bits);
}

inline float load(e5m2 value) {
    return fp8_to_float<e5m2>(value.bits);
}

inline void store(e4m3& target, float value) {
    target.bits = float_to_fp8<e4m3>(value);
}

inline void store(e5m2& target, float value) {
    target.bits = float_to_fp8<e5m2>(value);
}

OTTAVA_CPU_END
