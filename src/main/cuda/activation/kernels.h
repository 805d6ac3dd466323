// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_swiglu.cuh"

#define OTTAVA_ACTIVATION_KERNELS(X)                       \
    X(any_swiglu_forward_f32, any_swiglu_forward<float>)   \
    X(any_swiglu_forward_bf16, any_swiglu_forward<bf16>)   \
    X(any_swiglu_backward_f32, any_swiglu_backward<float>) \
    X(any_swiglu_backward_bf16, any_swiglu_backward<bf16>)
