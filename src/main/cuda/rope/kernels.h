// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_rope.cuh"

#define OTTAVA_ROPE_KERNELS(X)       \
    X(any_rope_f32, any_rope<float>) \
    X(any_rope_bf16, any_rope<bf16>)
