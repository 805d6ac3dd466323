// The kernels of the family, by their names in the cubin.
#pragma once

#include "any_cross_entropy.cuh"
#include "any_cross_entropy_tile.cuh"

#define OTTAVA_LOSS_KERNELS(X)                                                     \
    X(any_cross_entropy_f32, any_cross_entropy<float>)                             \
    X(any_cross_entropy_bf16, any_cross_entropy<bf16>)                             \
    X(any_cross_entropy_tile, any_cross_entropy_tile)                              \
    X(any_cross_entropy_tile_gradient_f32, any_cross_entropy_tile_gradient<float>) \
    X(any_cross_entropy_tile_gradient_bf16, any_cross_entropy_tile_gradient<bf16>)
