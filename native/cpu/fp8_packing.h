// FP8 codes as operands of the microkernel: they widen exactly, to F32 or to pairs of BF16, while they are packed.
#pragma once

#include "packing.h"

OTTAVA_CPU_BEGIN

struct e4m3 {
    uint8_t bits;
};

struct e5m2 {
    uint8_t bits;
};

typedef uint32_t uvec __attribute__((vector_size(4 * lanes)));

inline uvec load_codes(const void* source) {
    typedef uint8_t codes __attribute__((vector_size(lanes)));
    return __builtin_convertvector(load_unaligned<codes>(source), uvec);
}

// The bits of a code, moved to where F32 has exponent and significand, are its value but for the bias of the exponent, in subnormals too:
// a power of two away.
inline vec widen(const e4m3* source) {
    uvec code = load_codes(source), rest = code & 0x7fu;
    vec value = (vec)(rest << 20) * 0x1p120f;
    uvec nan = (uvec)(rest == 0x7fu) & 0x7fc00000u;
    return (vec)((uvec)value | nan | (code & 0x80u) << 24);
}

inline vec widen(const e5m2* source) {
    uvec code = load_codes(source), rest = code & 0x7fu;
    vec value = (vec)(rest << 21) * 0x1p112f;
    uvec not_finite = (uvec)(rest >= 0x7cu) & 0x7f800000u;
    return (vec)((uvec)value | not_finite | (code & 0x80u) << 24);
}

#ifdef OTTAVA_BF16_PAIRS

// The BF16 of the codes without a sign, for look-ups in registers, which are quicker than arithmetic.
template <class F>
struct Bf16OfCode {
    uint16_t bits[128];

    constexpr Bf16OfCode() : bits() {
        constexpr int significand = __is_same(F, e4m3) ? 3 : 2, bias = __is_same(F, e4m3) ? 7 : 15;
        for (int code = 0; code < 128; code++) {
            int exponent = code >> significand, rest = code & ((1 << significand) - 1);
            if (exponent == 0) {
                if (rest == 0) continue;
                for (exponent = 1; (rest >> significand) == 0; exponent--) rest *= 2;
                rest &= (1 << significand) - 1;
            }
            bits[code] = static_cast<uint16_t>((exponent + 127 - bias) << 7 | rest << (7 - significand));
        }
        if (__is_same(F, e4m3)) {
            bits[127] = 0x7fc0;
        } else {
            for (int rest = 0; rest < 4; rest++) bits[124 + rest] = static_cast<uint16_t>(0x7f80 | rest << 5);
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
