// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_map.cuh"
#include "any_sum.cuh"

#define OTTAVA_ELEMENTWISE_KERNELS(X)            \
    X(any_fill, any_fill)                        \
    X(any_cast_f32_f32, any_cast<float, float>)  \
    X(any_cast_f32_bf16, any_cast<float, bf16>)  \
    X(any_cast_f32_f16, any_cast<float, f16>)    \
    X(any_cast_bf16_f32, any_cast<bf16, float>)  \
    X(any_cast_bf16_bf16, any_cast<bf16, bf16>)  \
    X(any_cast_bf16_f16, any_cast<bf16, f16>)    \
    X(any_cast_f16_f32, any_cast<f16, float>)    \
    X(any_cast_f16_bf16, any_cast<f16, bf16>)    \
    X(any_cast_f16_f16, any_cast<f16, f16>)      \
    X(any_add_f32, any_add<float>)               \
    X(any_add_bf16, any_add<bf16>)               \
    X(any_sum_f32, any_sum<float, false>)        \
    X(any_sum_squares_f32, any_sum<float, true>) \
    X(any_sum_squares_bf16, any_sum<bf16, true>) \
    X(any_finish_sum, any_finish_sum)            \
    X(any_column_sum_f32, any_column_sum<float>) \
    X(any_column_sum_bf16, any_column_sum<bf16>) \
    X(any_finish_column_sum, any_finish_column_sum)
