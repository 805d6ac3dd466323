// Conversions between types, once by CUDA's headers and once by ours; as bits, since the headers define the same names.
#pragma once

#include <cstdint>

struct Conversions {
    uint16_t (*float_to_bf16)(float);
    uint32_t (*floats_to_bf16x2)(float, float);
    float (*bf16_to_float)(uint16_t);
    uint8_t (*float_to_e4m3)(float);
    uint8_t (*float_to_e5m2)(float);
    uint16_t (*floats_to_e4m3x2)(float, float);
    uint16_t (*floats_to_e5m2x2)(float, float);
    uint32_t (*e4m3x2_to_f16x2)(uint16_t);
    uint32_t (*e5m2x2_to_f16x2)(uint16_t);
    float (*e4m3_to_float)(uint8_t);
    float (*e5m2_to_float)(uint8_t);
    float (*f16_to_float)(uint16_t);
};

extern const Conversions by_cuda, by_ottava;
