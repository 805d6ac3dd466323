// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_dequantize.cuh"
#include "any_first_pass.cuh"
#include "any_quantize.cuh"
#include "any_quantize_groups.cuh"
#include "any_transpose_codes.cuh"

#define OTTAVA_QUANTIZE_KERNELS(X)                                                                               \
    X(any_quantize_e4m3_f32, any_quantize<e4m3, StoredMatrix<float>>)                                            \
    X(any_quantize_e4m3_bf16, any_quantize<e4m3, StoredMatrix<bf16>>)                                            \
    X(any_quantize_e5m2_f32, any_quantize<e5m2, StoredMatrix<float>>)                                            \
    X(any_quantize_e5m2_bf16, any_quantize<e5m2, StoredMatrix<bf16>>)                                            \
    X(any_quantize_rms_norm_e4m3_f32, any_quantize<e4m3, RmsNormOf<DenseRows<float>, float>>)                    \
    X(any_quantize_rms_norm_e4m3_bf16, any_quantize<e4m3, RmsNormOf<DenseRows<bf16>, bf16>>)                     \
    X(any_quantize_rms_norm_e5m2_f32, any_quantize<e5m2, RmsNormOf<DenseRows<float>, float>>)                    \
    X(any_quantize_rms_norm_e5m2_bf16, any_quantize<e5m2, RmsNormOf<DenseRows<bf16>, bf16>>)                     \
    X(any_quantize_rms_norm_of_codes_e4m3_f32, any_quantize<e4m3, RmsNormOf<GroupedCodes, float>>)               \
    X(any_quantize_rms_norm_of_codes_e4m3_bf16, any_quantize<e4m3, RmsNormOf<GroupedCodes, bf16>>)               \
    X(any_quantize_rms_norm_of_codes_e5m2_f32, any_quantize<e5m2, RmsNormOf<GroupedCodes, float>>)               \
    X(any_quantize_rms_norm_of_codes_e5m2_bf16, any_quantize<e5m2, RmsNormOf<GroupedCodes, bf16>>)               \
    X(any_quantize_swiglu_e4m3_f32, any_quantize<e4m3, SwiGluOf<DenseRows<float>>>)                              \
    X(any_quantize_swiglu_e4m3_bf16, any_quantize<e4m3, SwiGluOf<DenseRows<bf16>>>)                              \
    X(any_quantize_swiglu_e5m2_f32, any_quantize<e5m2, SwiGluOf<DenseRows<float>>>)                              \
    X(any_quantize_swiglu_e5m2_bf16, any_quantize<e5m2, SwiGluOf<DenseRows<bf16>>>)                              \
    X(any_quantize_swiglu_of_codes_e4m3, any_quantize<e4m3, SwiGluOf<GroupedCodes>>)                             \
    X(any_quantize_swiglu_of_codes_e5m2, any_quantize<e5m2, SwiGluOf<GroupedCodes>>)                             \
    X(any_quantize_swiglu_gradient_e4m3_f32, any_quantize<e4m3, SwiGluGradientOf<DenseRows<float>, float>>)      \
    X(any_quantize_swiglu_gradient_e4m3_bf16, any_quantize<e4m3, SwiGluGradientOf<DenseRows<bf16>, bf16>>)       \
    X(any_quantize_swiglu_gradient_e5m2_f32, any_quantize<e5m2, SwiGluGradientOf<DenseRows<float>, float>>)      \
    X(any_quantize_swiglu_gradient_e5m2_bf16, any_quantize<e5m2, SwiGluGradientOf<DenseRows<bf16>, bf16>>)       \
    X(any_quantize_swiglu_gradient_of_codes_e4m3_f32, any_quantize<e4m3, SwiGluGradientOf<GroupedCodes, float>>) \
    X(any_quantize_swiglu_gradient_of_codes_e4m3_bf16, any_quantize<e4m3, SwiGluGradientOf<GroupedCodes, bf16>>) \
    X(any_quantize_swiglu_gradient_of_codes_e5m2_f32, any_quantize<e5m2, SwiGluGradientOf<GroupedCodes, float>>) \
    X(any_quantize_swiglu_gradient_of_codes_e5m2_bf16, any_quantize<e5m2, SwiGluGradientOf<GroupedCodes, bf16>>) \
    X(any_quantize_groups_e4m3_f32, any_quantize_groups<e4m3, StoredRows<float>>)                                \
    X(any_quantize_groups_e4m3_bf16, any_quantize_groups<e4m3, StoredRows<bf16>>)                                \
    X(any_quantize_groups_e5m2_f32, any_quantize_groups<e5m2, StoredRows<float>>)                                \
    X(any_quantize_groups_e5m2_bf16, any_quantize_groups<e5m2, StoredRows<bf16>>)                                \
    X(any_add_quantize_e4m3_f32, any_quantize_groups<e4m3, SumOf<float>>)                                        \
    X(any_add_quantize_e4m3_bf16, any_quantize_groups<e4m3, SumOf<bf16>>)                                        \
    X(any_add_quantize_e5m2_f32, any_quantize_groups<e5m2, SumOf<float>>)                                        \
    X(any_add_quantize_e5m2_bf16, any_quantize_groups<e5m2, SumOf<bf16>>)                                        \
    X(any_dequantize_e4m3_f32, any_dequantize<e4m3, float>)                                                      \
    X(any_dequantize_e4m3_bf16, any_dequantize<e4m3, bf16>)                                                      \
    X(any_dequantize_e5m2_f32, any_dequantize<e5m2, float>)                                                      \
    X(any_dequantize_e5m2_bf16, any_dequantize<e5m2, bf16>)                                                      \
    X(any_rms_norm_magnitudes_f32, any_rms_norm_magnitudes<DenseRows<float>, float>)                             \
    X(any_rms_norm_magnitudes_bf16, any_rms_norm_magnitudes<DenseRows<bf16>, bf16>)                              \
    X(any_rms_norm_magnitudes_of_codes_f32, any_rms_norm_magnitudes<GroupedCodes, float>)                        \
    X(any_rms_norm_magnitudes_of_codes_bf16, any_rms_norm_magnitudes<GroupedCodes, bf16>)                        \
    X(any_tensor_scale, any_tensor_scale)                                                                        \
    X(any_transpose_codes, any_transpose_codes)
