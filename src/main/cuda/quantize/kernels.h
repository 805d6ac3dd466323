// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_dequantize.cuh"
#include "any_first_pass.cuh"
#include "any_quantize.cuh"
#include "any_quantize_groups.cuh"
#include "any_transpose_codes.cuh"

#define OTTAVA_QUANTIZE_KERNELS(X)                                                        \
    X(any_quantize_e4m3_f32, any_quantize<e4m3, StoredMatrix<float>>)                     \
    X(any_quantize_e4m3_bf16, any_quantize<e4m3, StoredMatrix<bf16>>)                     \
    X(any_quantize_e5m2_f32, any_quantize<e5m2, StoredMatrix<float>>)                     \
    X(any_quantize_e5m2_bf16, any_quantize<e5m2, StoredMatrix<bf16>>)                     \
    X(any_quantize_rms_norm_e4m3_f32, any_quantize<e4m3, RmsNormOf<float>>)               \
    X(any_quantize_rms_norm_e4m3_bf16, any_quantize<e4m3, RmsNormOf<bf16>>)               \
    X(any_quantize_rms_norm_e5m2_f32, any_quantize<e5m2, RmsNormOf<float>>)               \
    X(any_quantize_rms_norm_e5m2_bf16, any_quantize<e5m2, RmsNormOf<bf16>>)               \
    X(any_quantize_swiglu_e4m3_f32, any_quantize<e4m3, SwiGluOf<float>>)                  \
    X(any_quantize_swiglu_e4m3_bf16, any_quantize<e4m3, SwiGluOf<bf16>>)                  \
    X(any_quantize_swiglu_e5m2_f32, any_quantize<e5m2, SwiGluOf<float>>)                  \
    X(any_quantize_swiglu_e5m2_bf16, any_quantize<e5m2, SwiGluOf<bf16>>)                  \
    X(any_quantize_swiglu_gradient_e4m3_f32, any_quantize<e4m3, SwiGluGradientOf<float>>) \
    X(any_quantize_swiglu_gradient_e4m3_bf16, any_quantize<e4m3, SwiGluGradientOf<bf16>>) \
    X(any_quantize_swiglu_gradient_e5m2_f32, any_quantize<e5m2, SwiGluGradientOf<float>>) \
    X(any_quantize_swiglu_gradient_e5m2_bf16, any_quantize<e5m2, SwiGluGradientOf<bf16>>) \
    X(any_quantize_groups_e4m3_f32, any_quantize_groups<e4m3, float>)                     \
    X(any_quantize_groups_e4m3_bf16, any_quantize_groups<e4m3, bf16>)                     \
    X(any_quantize_groups_e5m2_f32, any_quantize_groups<e5m2, float>)                     \
    X(any_quantize_groups_e5m2_bf16, any_quantize_groups<e5m2, bf16>)                     \
    X(any_dequantize_e4m3_f32, any_dequantize<e4m3, float>)                               \
    X(any_dequantize_e4m3_bf16, any_dequantize<e4m3, bf16>)                               \
    X(any_dequantize_e5m2_f32, any_dequantize<e5m2, float>)                               \
    X(any_dequantize_e5m2_bf16, any_dequantize<e5m2, bf16>)                               \
    X(any_rms_norm_magnitudes_f32, any_rms_norm_magnitudes<float>)                        \
    X(any_rms_norm_magnitudes_bf16, any_rms_norm_magnitudes<bf16>)                        \
    X(any_tensor_scale, any_tensor_scale)                                                 \
    X(any_transpose_codes, any_transpose_codes)
