// The kernels of the family for sm_90a alone, by their names in the cubin.
#pragma once

#include "sm90_blocks.cuh"
#include "sm90_tma.cuh"
#include "sm90_wgmma.cuh"

#define OTTAVA_CONFORMANCE_WGMMA(X, n)                      \
    X(sm90_wgmma_bf16_bf16_n##n, sm90_wgmma<bf16, bf16, n>) \
    X(sm90_wgmma_e4m3_e4m3_n##n, sm90_wgmma<e4m3, e4m3, n>)

#define OTTAVA_CONFORMANCE_SM90_KERNELS(X)                                                    \
    X(sm90_stmatrix, sm90_stmatrix)                                                           \
    X(sm90_warp_roles, sm90_warp_roles)                                                       \
    X(sm90_mbarriers, sm90_mbarriers)                                                         \
    X(sm90_cluster, sm90_cluster)                                                             \
    X(sm90_cp_async_mbarrier, sm90_cp_async_mbarrier)                                         \
    X(sm90_bulk_copies, sm90_bulk_copies)                                                     \
    X(sm90_tma_load, sm90_tma_load)                                                           \
    X(sm90_tma_store, sm90_tma_box_store<false>)                                              \
    X(sm90_tma_add, sm90_tma_box_store<true>)                                                 \
    X(sm90_tma_multicast, sm90_tma_multicast)                                                 \
    OTTAVA_CONFORMANCE_WGMMA(X, 8)                                                            \
    OTTAVA_CONFORMANCE_WGMMA(X, 16)                                                           \
    OTTAVA_CONFORMANCE_WGMMA(X, 32)                                                           \
    OTTAVA_CONFORMANCE_WGMMA(X, 64)                                                           \
    OTTAVA_CONFORMANCE_WGMMA(X, 96)                                                           \
    OTTAVA_CONFORMANCE_WGMMA(X, 128)                                                          \
    OTTAVA_CONFORMANCE_WGMMA(X, 160)                                                          \
    OTTAVA_CONFORMANCE_WGMMA(X, 192)                                                          \
    OTTAVA_CONFORMANCE_WGMMA(X, 224)                                                          \
    OTTAVA_CONFORMANCE_WGMMA(X, 256)                                                          \
    X(sm90_wgmma_e4m3_e5m2_n64, sm90_wgmma<e4m3, e5m2, 64>)                                   \
    X(sm90_wgmma_e5m2_e4m3_n64, sm90_wgmma<e5m2, e4m3, 64>)                                   \
    X(sm90_wgmma_e5m2_e5m2_n64, sm90_wgmma<e5m2, e5m2, 64>)                                   \
    X(sm90_wgmma_s8_s8_n64, sm90_wgmma<int8_t, int8_t, 64, int32_t>)                          \
    X(sm90_wgmma_a_along_m, sm90_wgmma<bf16, bf16, 64, float, ptx::Major::MN, ptx::Major::K>) \
    X(sm90_wgmma_b_along_n, sm90_wgmma<bf16, bf16, 64, float, ptx::Major::K, ptx::Major::MN>) \
    X(sm90_wgmma_both_along_mn, sm90_wgmma<bf16, bf16, 64, float, ptx::Major::MN, ptx::Major::MN>)
