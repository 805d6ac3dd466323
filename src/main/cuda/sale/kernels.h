// The instantiations of the estimate of attention. See ottava/sparse_attention.h.
#pragma once

#include "any_block_lists.cuh"
#include "any_sale_correction.cuh"
#include "any_sale_mean.cuh"
#include "any_sale_quantize.cuh"
#include "any_sale_select.cuh"
#include "any_sale_thresholds.cuh"

#define OTTAVA_SALE_KERNELS_OF(X, width)                                      \
    X(any_sale_mean_parts_##width, any_sale_mean_parts<width>)                \
    X(any_sale_quantize_queries_##width, any_sale_quantize<width, QueryRows>) \
    X(any_sale_quantize_keys_##width, any_sale_quantize<width, KeyRows>)      \
    X(any_sale_correction_##width, any_sale_correction<width>)                \
    X(any_sale_thresholds_##width, any_sale_thresholds<width>)                \
    X(any_sale_select_##width, any_sale_select<width>)

#define OTTAVA_SALE_KERNELS(X)          \
    X(any_block_lists, any_block_lists) \
    X(any_sale_mean, any_sale_mean)     \
    OTTAVA_SALE_KERNELS_OF(X, 64)       \
    OTTAVA_SALE_KERNELS_OF(X, 128)
