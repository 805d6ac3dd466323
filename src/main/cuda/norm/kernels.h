// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_rms_norm.cuh"

#define OTTAVA_NORM_KERNELS(X)                                                                         \
    X(any_rms_norm_forward_f32, any_rms_norm_forward<float>)                                           \
    X(any_rms_norm_forward_bf16, any_rms_norm_forward<bf16>)                                           \
    X(any_rms_norm_backward_f32, any_rms_norm_backward<DenseRows<float>, float, false>)                \
    X(any_rms_norm_backward_bf16, any_rms_norm_backward<DenseRows<bf16>, bf16, false>)                 \
    X(any_rms_norm_backward_accumulate_f32, any_rms_norm_backward<DenseRows<float>, float, true>)      \
    X(any_rms_norm_backward_accumulate_bf16, any_rms_norm_backward<DenseRows<bf16>, bf16, true>)       \
    X(any_rms_norm_backward_of_codes_f32, any_rms_norm_backward<GroupedCodes, float, false>)           \
    X(any_rms_norm_backward_of_codes_bf16, any_rms_norm_backward<GroupedCodes, bf16, false>)           \
    X(any_rms_norm_backward_of_codes_accumulate_f32, any_rms_norm_backward<GroupedCodes, float, true>) \
    X(any_rms_norm_backward_of_codes_accumulate_bf16, any_rms_norm_backward<GroupedCodes, bf16, true>)
