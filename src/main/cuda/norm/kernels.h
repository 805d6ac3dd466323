// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_rms_norm.cuh"

#define OTTAVA_NORM_KERNELS(X)                                                  \
    X(any_rms_norm_forward_f32, any_rms_norm_forward<float>)                    \
    X(any_rms_norm_forward_bf16, any_rms_norm_forward<bf16>)                    \
    X(any_rms_norm_backward_f32, any_rms_norm_backward<float, false>)           \
    X(any_rms_norm_backward_bf16, any_rms_norm_backward<bf16, false>)           \
    X(any_rms_norm_backward_accumulate_f32, any_rms_norm_backward<float, true>) \
    X(any_rms_norm_backward_accumulate_bf16, any_rms_norm_backward<bf16, true>)
