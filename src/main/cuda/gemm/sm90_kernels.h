// The instantiations of the sm_90a product, by types of A and B, tile and sums: each stores F32 or BF16, and those of FP8 operands and
// whole blocks of 128 x 128 also FP8. BF16 operands: n as the contract has them, with the depth along its rows; t transposed. lomo: the
// gradient of a weight, which is updated, of F32 or BF16 or FP8.
#pragma once

#include "sm90_gemm.cuh"
#include "sm90_lomo.cuh"

#define OTTAVA_SM90_STORE(X, pair, A, B, m, n, sums, promoted) \
    X(sm90_gemm_##pair##_##m##x##n##_##sums, sm90_gemm<Sm90Operand<A>, Sm90Operand<B>, Sm90Tile<m, n>, promoted, Sm90Store>)
#define OTTAVA_SM90_STORE_AND_QUANTIZE(X, pair, A, B, m, n, sums, promoted) \
    OTTAVA_SM90_STORE(X, pair, A, B, m, n, sums, promoted)                  \
    X(sm90_gemm_quantize_##pair##_##m##x##n##_##sums, sm90_gemm<Sm90Operand<A>, Sm90Operand<B>, Sm90Tile<m, n>, promoted, Sm90Quantize>)

#define OTTAVA_SM90_GEMM_OF(X, pair, A, B)                                  \
    OTTAVA_SM90_STORE(X, pair, A, B, 64, 64, fast, false)                   \
    OTTAVA_SM90_STORE(X, pair, A, B, 64, 64, promoted, true)                \
    OTTAVA_SM90_STORE_AND_QUANTIZE(X, pair, A, B, 128, 128, fast, false)    \
    OTTAVA_SM90_STORE_AND_QUANTIZE(X, pair, A, B, 128, 128, promoted, true) \
    OTTAVA_SM90_STORE(X, pair, A, B, 128, 192, fast, false)                 \
    OTTAVA_SM90_STORE(X, pair, A, B, 128, 192, promoted, true)              \
    OTTAVA_SM90_STORE_AND_QUANTIZE(X, pair, A, B, 256, 128, promoted, true) \
    OTTAVA_SM90_STORE_AND_QUANTIZE(X, pair, A, B, 128, 256, fast, false)

#define OTTAVA_SM90_LOMO(X, m, n)                                                                                \
    X(sm90_gemm_lomo_##m##x##n, sm90_gemm<Sm90Operand<e5m2>, Sm90Operand<e4m3>, Sm90Tile<m, n>, true, Sm90Lomo>) \
    X(sm90_gemm_lomo_fp8_weight_##m##x##n, sm90_gemm<Sm90Operand<e5m2>, Sm90Operand<e4m3>, Sm90Tile<m, n>, true, Sm90LomoQuantize>)

#define OTTAVA_SM90_BF16(X, name, A, B, m, n, Epilogue) \
    X(name##_##m##x##n, sm90_gemm<Sm90Operand<bf16, ptx::Major::A>, Sm90Operand<bf16, ptx::Major::B>, Sm90Tile<m, n>, false, Epilogue>)
#define OTTAVA_SM90_BF16_OF(X, m, n)                                \
    OTTAVA_SM90_BF16(X, sm90_gemm_bf16_nn, K, K, m, n, Sm90Store)   \
    OTTAVA_SM90_BF16(X, sm90_gemm_bf16_nt, K, MN, m, n, Sm90Store)  \
    OTTAVA_SM90_BF16(X, sm90_gemm_bf16_tt, MN, MN, m, n, Sm90Store) \
    OTTAVA_SM90_BF16(X, sm90_gemm_lomo_bf16, MN, MN, m, n, Sm90Lomo)

#define OTTAVA_GEMM_SM90_KERNELS(X)                                                         \
    OTTAVA_SM90_LOMO(X, 128, 128)                                                           \
    OTTAVA_SM90_LOMO(X, 256, 128)                                                           \
    OTTAVA_SM90_BF16_OF(X, 128, 128)                                                        \
    OTTAVA_SM90_BF16_OF(X, 128, 256)                                                        \
    OTTAVA_SM90_BF16(X, sm90_gemm_lomo_fp8_weight_bf16, MN, MN, 128, 128, Sm90LomoQuantize) \
    OTTAVA_SM90_GEMM_OF(X, e4m3_e4m3, e4m3, e4m3)                                           \
    OTTAVA_SM90_GEMM_OF(X, e5m2_e4m3, e5m2, e4m3)                                           \
    OTTAVA_SM90_GEMM_OF(X, e4m3_e5m2, e4m3, e5m2)
