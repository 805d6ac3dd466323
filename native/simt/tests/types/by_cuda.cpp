#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <bit>

#include "conversions.h"

template <__nv_fp8_interpretation_t KIND>
static float to_float(uint8_t code) {
    return __half2float(__half(__nv_cvt_fp8_to_halfraw(code, KIND)));
}

template <__nv_fp8_interpretation_t KIND>
static uint32_t to_f16x2(uint16_t pair) {
    return std::bit_cast<uint32_t>(__nv_cvt_fp8x2_to_halfraw2(pair, KIND));
}

template <__nv_fp8_interpretation_t KIND>
static uint8_t from_float(float value) {
    return __nv_cvt_float_to_fp8(value, __NV_SATFINITE, KIND);
}

template <__nv_fp8_interpretation_t KIND>
static uint16_t from_floats(float x, float y) {
    return __nv_cvt_float2_to_fp8x2(make_float2(x, y), __NV_SATFINITE, KIND);
}

const Conversions by_cuda = {
    .float_to_bf16 = [](float x) { return __bfloat16_as_ushort(__float2bfloat16_rn(x)); },
    .floats_to_bf16x2 = [](float x,
                           float y) { return std::bit_cast<uint32_t>(static_cast<__nv_bfloat162_raw>(__floats2bfloat162_rn(x, y))); },
    .bf16_to_float = [](uint16_t bits) { return __bfloat162float(__ushort_as_bfloat16(bits)); },
    .float_to_e4m3 = from_float<__NV_E4M3>,
    .float_to_e5m2 = from_float<__NV_E5M2>,
    .floats_to_e4m3x2 = from_floats<__NV_E4M3>,
    .floats_to_e5m2x2 = from_floats<__NV_E5M2>,
    .e4m3x2_to_f16x2 = to_f16x2<__NV_E4M3>,
    .e5m2x2_to_f16x2 = to_f16x2<__NV_E5M2>,
    .e4m3_to_float = to_float<__NV_E4M3>,
    .e5m2_to_float = to_float<__NV_E5M2>,
    .f16_to_float = [](uint16_t bits) { return __half2float(__ushort_as_half(bits)); },
};
