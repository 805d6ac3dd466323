// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_embedding.cuh"
#include "any_embedding_lomo.cuh"

#define OTTAVA_EMBEDDING_KERNELS(X)                                                  \
    X(any_embedding_forward, any_embedding_forward)                                  \
    X(any_embedding_backward_f32, any_embedding_backward<float>)                     \
    X(any_embedding_backward_bf16, any_embedding_backward<bf16>)                     \
    X(any_embedding_lomo_f32_f32, any_embedding_lomo<float, float, false>)           \
    X(any_embedding_lomo_f32_bf16, any_embedding_lomo<float, bf16, false>)           \
    X(any_embedding_lomo_bf16_f32, any_embedding_lomo<bf16, float, false>)           \
    X(any_embedding_lomo_bf16_bf16, any_embedding_lomo<bf16, bf16, false>)           \
    X(any_embedding_lomo_bf16_f32_stochastic, any_embedding_lomo<bf16, float, true>) \
    X(any_embedding_lomo_bf16_bf16_stochastic, any_embedding_lomo<bf16, bf16, true>)
