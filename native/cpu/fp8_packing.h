// FP8 codes as operands of the microkernel: they widen exactly, to F32 or to pairs of BF16, while they are packed.
#pragma once

#include "fp8.h"
#include "packing.h"

OTTAVA_CPU_BEGIN

// The bits of a code, moved to where F32 has exponent and significand, are its value but for the bias of the exponent, in subnormals too:
// a power of two away.
template <class F>
inline vec widen(const F* source) {
    typedef uint8_t codes __attribute__((vector_size(lanes)));
    typedef uint32_t uvec __attribute__((vector_size(4 * lanes)));
    uvec code = __builtin_convertvector(load_unaligned<codes>(source), uvec), rest = code & 0x7fu;
    vec value = (vec)(rest << (23 - F::significand_bits)) * bits_to_float(static_cast<uint32_t>(254 - F::bias) << 23);
    uvec not_finite = (uvec)(rest > F::largest_code) & 0x7f800000u;
    return (vec)((uvec)value | not_finite | (code & 0x80u) << 24);
}

#ifdef OTTAVA_BF16_PAIRS

// The BF16 of the codes without a sign, for look-ups in registers, which are quicker than arithmetic.
template <class F>
struct Bf16OfCode {
    uint16_t bits[128];

    constexpr Bf16OfCode() : bits() {
        constexpr uint32_t one = 1u << F::significand_bits;
        for (uint32_t code = 1; code < 128; code++) {
            uint32_t exponent = code / one + 127 - F::bias, rest = code % one;
            if (code < one) {  // subnormal: shifted until its leading one is the implied one
                for (exponent++; rest < one; exponent--) rest *= 2;
                rest -= one;
            } else if (code > F::largest_code) {
                exponent = 255;
            }
            bits[code] = static_cast<uint16_t>(exponent << 7 | rest << (7 - F::significand_bits));
        }
    }
};

template <class F>
inline vec pairs(const F* source) {
    static constexpr Bf16OfCode<F> table;
    auto part = [](int i) { return _mm512_loadu_si512(table.bits + 32 * i); };
    __m512i code = _mm512_cvtepu8_epi16(load_unaligned<__m256i>(source));
    __m512i below = _mm512_permutex2var_epi16(part(0), code, part(1)), above = _mm512_permutex2var_epi16(part(2), code, part(3));
    __m512i rest = _mm512_mask_blend_epi16(_mm512_test_epi16_mask(code, _mm512_set1_epi16(0x40)), below, above);
    return (vec)(rest | _mm512_slli_epi16(code & _mm512_set1_epi16(0x80), 8));
}

#endif

OTTAVA_CPU_END
