// Moments in E4M3, in groups of 128 with dynamic range expansion; the format and the formulas are in ottava/optimizer.h.
// A group is 16 neighbouring lanes with a run of 8 elements each. Four instructions of the special function unit an element and moment.
#pragma once

#include "../ptx/fp8.cuh"
#include "update.cuh"

namespace ottava {

struct CoatGroup {
    float largest, exponent;
};

// log2 of a positive normal float in two parts: differences of nearly equal ones, and of any two, stay exact.
struct Log2 {
    int32_t whole;
    float fraction;

    __device__ __forceinline__ explicit Log2(uint32_t bits)
        : whole(static_cast<int32_t>(bits >> 23)), fraction(__log2f(bits_to_float((bits & 0x7fffffu) | 0x3f800000u))) {}
    __device__ __forceinline__ float minus(Log2 other) const {
        return static_cast<float>(whole - other.whole) + (fraction - other.fraction);
    }
};

// Of |x|, where what is below the normal numbers, but for 0, counts as the least of them.
__device__ __forceinline__ uint32_t normal_magnitude(float x) {
    uint32_t bits = float_to_bits(x) & 0x7fffffffu;
    return bits != 0 && bits < 0x00800000u ? 0x00800000u : bits;
}

struct CoatMoment {
    uint8_t* codes;
    CoatGroup* groups;

    static constexpr int group = 128, lanes = group / update_run;

    // x = what the codes i, ... mean.
    __device__ __forceinline__ void load(float* x, int64_t i, int64_t left) const {
        if (left <= 0) {
#pragma unroll
            for (int k = 0; k < update_run; k++) x[k] = 0;
            return;
        }
        CoatGroup g = groups[i / group];
        uint8_t code[update_run];
        if (left >= update_run && reinterpret_cast<uintptr_t>(codes) % 8 == 0) {
            memcpy(code, reinterpret_cast<const uint2*>(codes + i), 8);
        } else {
#pragma unroll
            for (int k = 0; k < update_run; k++) code[k] = k < left ? codes[i + k] : uint8_t(0);
        }
        uint32_t words[2];
        memcpy(words, code, 8);
        // The power in two halves: alone it may be below the floats, though its product with `largest` is not.
        float half = 0.5f / g.exponent;
#pragma unroll
        for (int p = 0; p < 2; p++) {
            float4 four = ptx::to_float4<e4m3>(words[p]);
            float q[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
            for (int k = 0; k < 4; k++) x[p * 4 + k] = expand(q[k], g.largest, half);
        }
    }

    // Rounds the first `left` of x. All lanes of the warp call it, and those of a group have its elements.
    __device__ __forceinline__ void store(const float* x, int64_t i, int64_t left, float most_exponent) const {
        uint32_t greatest = 0, least = 0x7f800000u;
#pragma unroll
        for (int k = 0; k < update_run; k++) {
            uint32_t bits = normal_magnitude(x[k]);
            bool counts = k < left && bits != 0 && bits < 0x7f800000u;
            greatest = counts && bits > greatest ? bits : greatest;
            least = counts && bits < least ? bits : least;
        }
#pragma unroll
        for (int distance = lanes / 2; distance > 0; distance /= 2) {
            greatest = max(greatest, __shfl_xor_sync(all_lanes, greatest, distance));
            least = min(least, __shfl_xor_sync(all_lanes, least, distance));
        }
        if (left <= 0) return;
        CoatGroup g = {bits_to_float(greatest), 1.0f};
        Log2 high(greatest);
        if (greatest != 0) {
            float range = high.minus(Log2(least));
            float most_steps = 16 * most_exponent;
            float steps = range > 0 ? floorf(265.83536f / range) : most_steps;  // 16 log2(100352)
            steps = steps < most_steps ? steps : most_steps;
            g.exponent = (steps > 1 ? steps : 1.0f) / 16;
        }
        uint32_t words[2];
#pragma unroll
        for (int p = 0; p < 2; p++) {
            float y[4];
#pragma unroll
            for (int k = 0; k < 4; k++) y[k] = contract(x[p * 4 + k], g.exponent, high);
            words[p] = ptx::to_fp8x4<e4m3>(y[0], y[1], y[2], y[3]);
        }
        uint8_t code[update_run];
        memcpy(code, words, 8);
        if (left >= update_run && reinterpret_cast<uintptr_t>(codes) % 8 == 0) {
            *reinterpret_cast<uint2*>(codes + i) = make_uint2(words[0], words[1]);
        } else {
#pragma unroll
            for (int k = 0; k < update_run; k++)
                if (k < left) codes[i + k] = code[k];
        }
        if (i % group == 0) groups[i / group] = g;
    }

  private:
    static __device__ __forceinline__ float expand(float q, float largest, float half) {
        float root = exp2f(__log2f(fabsf(q) * (1.0f / 448.0f)) * half);
        float value = largest * root * root;
        value = value < 0x1p-126f ? 0x1p-126f : value;
        return fabsf(q) > 0 ? copysignf(value, q) : q;  // 0, NaN
    }
    // What is rounded to the code of x: never less than its smallest number, 2^-9, but for 0.
    static __device__ __forceinline__ float contract(float x, float exponent, Log2 high) {
        uint32_t bits = normal_magnitude(x);
        float y = 448.0f * exp2f(exponent * Log2(bits).minus(high));
        y = y < 0x1p-9f ? 0x1p-9f : y;
        return bits == 0 || bits > 0x7f800000u ? (bits == 0 ? 0.0f : x) : copysignf(y, x);
    }
};

}  // namespace ottava
