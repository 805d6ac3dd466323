// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_embedding.cuh"

#define OTTAVA_EMBEDDING_KERNELS(X)                              \
    X(any_embedding_forward, any_embedding_forward)              \
    X(any_embedding_backward_f32, any_embedding_backward<float>) \
    X(any_embedding_backward_bf16, any_embedding_backward<bf16>)
