// The instantiations of attention: head_dim rounded up to 32, 64, 96 or 128.
#pragma once

#include "any_attention_backward.cuh"
#include "any_attention_combine.cuh"
#include "any_attention_forward.cuh"

#define OTTAVA_ATTENTION_KERNELS_OF(X, dtype, T, width)                                     \
    X(any_attention_forward_##dtype##_##width, any_attention_forward<T, width>)             \
    X(any_attention_backward_keys_##dtype##_##width, any_attention_backward_keys<T, width>) \
    X(any_attention_backward_queries_##dtype##_##width, any_attention_backward_queries<T, width>)

#define OTTAVA_ATTENTION_KERNELS(X)                            \
    X(any_attention_delta_f32, any_attention_delta<float>)     \
    X(any_attention_delta_bf16, any_attention_delta<bf16>)     \
    X(any_attention_combine_f32, any_attention_combine<float>) \
    X(any_attention_combine_bf16, any_attention_combine<bf16>) \
    OTTAVA_ATTENTION_KERNELS_OF(X, f32, float, 32)             \
    OTTAVA_ATTENTION_KERNELS_OF(X, f32, float, 64)             \
    OTTAVA_ATTENTION_KERNELS_OF(X, f32, float, 96)             \
    OTTAVA_ATTENTION_KERNELS_OF(X, f32, float, 128)            \
    OTTAVA_ATTENTION_KERNELS_OF(X, bf16, bf16, 32)             \
    OTTAVA_ATTENTION_KERNELS_OF(X, bf16, bf16, 64)             \
    OTTAVA_ATTENTION_KERNELS_OF(X, bf16, bf16, 96)             \
    OTTAVA_ATTENTION_KERNELS_OF(X, bf16, bf16, 128)
