// The kernels of the family, by their names in the cubin; those for sm_90a alone: sm90_kernels.h.
#pragma once

#include "any_copies.cuh"
#include "any_matrices.cuh"
#include "any_numbers.cuh"
#include "any_warp.cuh"

#define OTTAVA_CONFORMANCE_KERNELS(X)                 \
    X(any_shuffles, any_shuffles)                     \
    X(any_conversions, any_conversions)               \
    X(any_arithmetic, any_arithmetic)                 \
    X(any_ldmatrix, any_ldmatrix)                     \
    X(any_mma_bf16, any_mma<MmaBf16>)                 \
    X(any_mma_e4m3_e4m3, any_mma<MmaFp8<e4m3, e4m3>>) \
    X(any_mma_e4m3_e5m2, any_mma<MmaFp8<e4m3, e5m2>>) \
    X(any_mma_e5m2_e4m3, any_mma<MmaFp8<e5m2, e4m3>>) \
    X(any_mma_e5m2_e5m2, any_mma<MmaFp8<e5m2, e5m2>>) \
    X(any_mma_s8, any_mma<MmaS8>)                     \
    X(any_mma_s4, any_mma<MmaS4>)                     \
    X(any_cp_async, any_cp_async)                     \
    X(any_grid_dependency, any_grid_dependency)       \
    X(any_named_barriers, any_named_barriers)
