// Sixteen numbers at a time, and their codes. Loops are of fixed length and of one width each, so that the compiler vectorises them: in
// one loop from bytes to floats it would take as many numbers at once as a vector has bytes, and leave the sixteen to scalar code.
#pragma once

#include "fp8.h"

OTTAVA_CPU_BEGIN

static constexpr int64_t group = 16;

// The first `count` of 16 numbers; zeros for the rest.
template <class T>
inline void load_group(float (&x)[group], const T* values, int64_t count) {
    if (count >= group) {
#pragma omp simd
        for (int k = 0; k < group; k++) x[k] = load(values[k]);
    } else {
        for (int k = 0; k < group; k++) x[k] = k < count ? load(values[k]) : 0.0f;
    }
}

inline void store_group(float* values, const float (&x)[group], int64_t count) {
    if (count >= group) {
        memcpy(values, x, sizeof(x));
    } else {
        memcpy(values, x, static_cast<size_t>(count) * sizeof(float));
    }
}

inline void store_group(bf16* values, const float (&x)[group], int64_t count) {
    uint32_t wide[group];
#pragma omp simd
    for (int k = 0; k < group; k++) {
        bf16 rounded;
        store(rounded, x[k]);
        wide[k] = rounded.bits;
    }
    uint16_t bits[group];
#pragma omp simd
    for (int k = 0; k < group; k++) bits[k] = static_cast<uint16_t>(wide[k]);
    if (count >= group) {
        memcpy(values, bits, sizeof(bits));
    } else {
        memcpy(values, bits, static_cast<size_t>(count) * sizeof(uint16_t));
    }
}

// 16 codes, of which the first `count` are of numbers and the rest are zeros.
template <class F>
inline void encode_group(uint8_t* codes, const float (&x)[group], float scale, int64_t count) {
    uint32_t wide[group];
#pragma omp simd
    for (int k = 0; k < group; k++) wide[k] = float_to_fp8<F>(x[k] / scale);
#pragma omp simd
    for (int k = 0; k < group; k++) codes[k] = static_cast<uint8_t>(wide[k]);
    if (count < group) memset(codes + count, 0, static_cast<size_t>(group - count));
}

// All 16, whose codes are there in any case.
template <class F>
inline void decode_group(float (&x)[group], const F* codes, float scale) {
    uint32_t wide[group];
#pragma omp simd
    for (int k = 0; k < group; k++) wide[k] = codes[k].bits;
#pragma omp simd
    for (int k = 0; k < group; k++) x[k] = fp8_to_float<F>(wide[k]) * scale;
}

OTTAVA_CPU_END
