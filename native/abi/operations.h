// The table of operations that each kind of device fills in. A member has the signature of the ABI function of the same name.
#pragma once

#include "ottava/activation.h"
#include "ottava/attention.h"
#include "ottava/device.h"
#include "ottava/elementwise.h"
#include "ottava/embedding.h"
#include "ottava/fused_lomo.h"
#include "ottava/gemm.h"
#include "ottava/loss.h"
#include "ottava/norm.h"
#include "ottava/optimizer.h"
#include "ottava/quantize.h"
#include "ottava/rope.h"
#include "ottava/sparse_attention.h"

#define OTTAVA_OPERATIONS(X)       \
    X(fill)                        \
    X(cast)                        \
    X(add)                         \
    X(sum)                         \
    X(sum_squares)                 \
    X(column_sum)                  \
    X(embedding_forward)           \
    X(embedding_backward)          \
    X(embedding_lomo)              \
    X(rms_norm_forward)            \
    X(rms_norm_backward)           \
    X(gemm)                        \
    X(gemm_fp8)                    \
    X(gemm_fp8_quantize)           \
    X(rope)                        \
    X(attention_forward)           \
    X(attention_backward)          \
    X(swiglu_forward)              \
    X(swiglu_backward)             \
    X(cross_entropy)               \
    X(cross_entropy_tile)          \
    X(cross_entropy_tile_gradient) \
    X(add_loss)                    \
    X(clip_coefficient)            \
    X(lomo_update)                 \
    X(lomo_update_fp8)             \
    X(gemm_lomo)                   \
    X(gemm_fp8_lomo)               \
    X(adalomo_update_matrix)       \
    X(adalomo_update_vectors)      \
    X(adamw_update)                \
    X(quantize)                    \
    X(dequantize)                  \
    X(add_quantize)                \
    X(transpose_codes)             \
    X(rms_norm_quantize)           \
    X(swiglu_quantize)             \
    X(swiglu_backward_quantize)    \
    X(sale_mean)                   \
    X(sale_quantize)               \
    X(sale_correction)             \
    X(sale_thresholds)             \
    X(sale_select)                 \
    X(block_lists)

namespace ottava {

struct Operations {
#define OTTAVA_MEMBER(name) decltype(&ottava_##name) name = nullptr;
    OTTAVA_OPERATIONS(OTTAVA_MEMBER)
#undef OTTAVA_MEMBER
};

}  // namespace ottava
