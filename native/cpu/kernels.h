// What every kernel file of the cpu device includes. The files are compiled once per instruction set, each time into its own namespace
// (OTTAVA_ISA), so they use nothing from the C++ library: an inline function of it, compiled for AVX-512, could be the copy that the linker
// keeps.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../abi/error.h"
#include "../abi/operations.h"

#define OTTAVA_CPU_BEGIN \
    namespace ottava {   \
    namespace cpu {      \
    namespace OTTAVA_ISA {
#define OTTAVA_CPU_END \
    }                  \
    }                  \
    }

OTTAVA_CPU_BEGIN

// The operations, with the signatures of the ABI.
#define OTTAVA_DECLARE(name) decltype(ottava_##name) name;
OTTAVA_OPERATIONS(OTTAVA_DECLARE)
#undef OTTAVA_DECLARE

template <class T>
inline T* pointer(int64_t address) {
    return reinterpret_cast<T*>(address);
}

struct bf16 {
    uint16_t bits;
};

inline float bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

inline uint32_t float_to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

inline float load(float value) {
    return value;
}

inline float load(bf16 value) {
    return bits_to_float(static_cast<uint32_t>(value.bits) << 16);
}

inline void store(float& target, float value) {
    target = value;
}

// To nearest even; a NaN becomes a quiet NaN. Branch-free, so that loops over it vectorise.
inline void store(bf16& target, float value) {
    uint32_t bits = float_to_bits(value);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    uint32_t quiet = (bits >> 16) | 0x40u;
    target.bits = static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}

OTTAVA_CPU_END
