// Moments in E4M3, in groups of 128 with dynamic range expansion; the format and the formulas are in ottava/optimizer.h.
#pragma once

#include "fp8.h"
#include "vector_math.h"

OTTAVA_CPU_BEGIN

struct CoatGroup {
    float largest, exponent;

    static constexpr int64_t size = 128;

    // x[0 .. count) = what the codes mean.
    void load(float* x, const uint8_t* codes, int64_t count) const {
        // The power in two halves: alone it may be below the floats, though its product with `largest` is not.
        float half = 0.5f / exponent, most = largest;
#pragma omp simd
        for (int64_t i = 0; i < count; i++) {
            float q = fp8_to_float<e4m3>(codes[i] & 0x7f);
            Log2 log = vector_log2(float_to_bits(q * (1.0f / 448.0f)));
            float root = vector_exp2((static_cast<float>(log.whole) + log.fraction) * half);
            float value = most * root * root;
            value = value < 0x1p-126f ? 0x1p-126f : value;
            value = q > 0 ? value : q;  // 0, NaN
            x[i] = bits_to_float(float_to_bits(value) | static_cast<uint32_t>(codes[i] & 0x80) << 24);
        }
    }

    // Rounds x[0 .. count), of at most `size` numbers, and sets the group; most_exponent: its upper bound.
    void store(uint8_t* codes, const float* x, int64_t count, float most_exponent) {
        constexpr int32_t infinity = 0x7f800000;
        int32_t highest = 0, lowest = infinity;
#pragma omp simd reduction(max : highest) reduction(min : lowest)
        for (int64_t i = 0; i < count; i++) {
            int32_t bits = static_cast<int32_t>(normal_magnitude(x[i]));
            int32_t high = bits < infinity ? bits : 0, low = bits > 0 ? bits : infinity;
            highest = high > highest ? high : highest;
            lowest = low < lowest ? low : lowest;
        }
        uint32_t greatest = static_cast<uint32_t>(highest), least = static_cast<uint32_t>(lowest);
        Log2 high = vector_log2(greatest);
        float range = greatest == 0 ? 0 : difference(high, vector_log2(least));
        constexpr float sixteenths = 265.83536f;  // 16 log2(100352)
        float most_steps = 16 * most_exponent;
        float steps = range > 0 ? floorf(sixteenths / range) : most_steps;  // of equal numbers it may be just below 0
        steps = steps < most_steps ? steps : most_steps;
        largest = bits_to_float(greatest);
        exponent = greatest == 0 ? 1.0f : (steps > 1 ? steps : 1.0f) / 16;
        float power = exponent;
#pragma omp simd
        for (int64_t i = 0; i < count; i++) {
            uint32_t bits = normal_magnitude(x[i]);
            float y = 448.0f * vector_exp2(power * difference(vector_log2(bits), high));
            uint32_t code = float_to_fp8<e4m3>(y);
            code = code > 1 ? code : 1u;
            code = bits == 0 ? 0u : bits > 0x7f800000u ? 0x7fu : code | (float_to_bits(x[i]) >> 24 & 0x80u);
            codes[i] = static_cast<uint8_t>(code);
        }
    }

  private:
    // Of |x|, where what is below the normal numbers, but for 0, counts as the least of them.
    __attribute__((always_inline)) static uint32_t normal_magnitude(float x) {
        uint32_t bits = float_to_bits(x) & 0x7fffffffu;
        return bits != 0 && bits < 0x00800000u ? 0x00800000u : bits;
    }
    __attribute__((always_inline)) static float difference(Log2 a, Log2 b) {
        return static_cast<float>(a.whole - b.whole) + (a.fraction - b.fraction);
    }
};

OTTAVA_CPU_END
