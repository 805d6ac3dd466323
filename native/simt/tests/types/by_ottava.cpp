#include <bit>

#include "conversions.h"
#include "ptx/fp8.cuh"

using namespace ottava;

template <class F>
static float to_float(uint8_t code) {
    return ptx::to_float(F{code});
}

template <class F>
static uint8_t from_float(float value) {
    return ptx::to_fp8<F>(value).bits;
}

const Conversions by_ottava = {
    .float_to_bf16 = [](float x) { return __bfloat16_as_ushort(__float2bfloat16_rn(x)); },
    .floats_to_bf16x2 = [](float x, float y) { return std::bit_cast<uint32_t>(__floats2bfloat162_rn(x, y)); },
    .bf16_to_float = [](uint16_t bits) { return __bfloat162float(__ushort_as_bfloat16(bits)); },
    .float_to_e4m3 = from_float<e4m3>,
    .float_to_e5m2 = from_float<e5m2>,
    .floats_to_e4m3x2 = ptx::to_fp8x2<e4m3>,
    .floats_to_e5m2x2 = ptx::to_fp8x2<e5m2>,
    .e4m3x2_to_f16x2 = ptx::to_f16x2<e4m3>,
    .e5m2x2_to_f16x2 = ptx::to_f16x2<e5m2>,
    .e4m3_to_float = to_float<e4m3>,
    .e5m2_to_float = to_float<e5m2>,
    .f16_to_float = [](uint16_t bits) { return ptx::f16_to_float(bits); },
};
