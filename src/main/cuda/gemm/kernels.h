// The instantiations of the product. n: an operand as the contract has it, with the depth along its rows; t: transposed. The product of
// FP8 operands: by their types, with D stored or quantised. lomo: D is the gradient of a weight, of F32 or BF16 or (fp8) of FP8, which is
// updated.
#pragma once

#include "any_fp8_gemm.cuh"
#include "any_gemm_bf16.cuh"
#include "any_gemm_f32.cuh"
#include "lomo.cuh"

#define OTTAVA_GEMM_KERNELS_OF(X, a, a_transposed, b, b_transposed)                                 \
    X(any_gemm_f32_##a##b, any_gemm_f32<GemmResult<float, float>, a_transposed, b_transposed>)      \
    X(any_gemm_bf16_f32_##a##b, any_gemm_bf16<GemmResult<bf16, float>, a_transposed, b_transposed>) \
    X(any_gemm_bf16_bf16_##a##b, any_gemm_bf16<GemmResult<bf16, bf16>, a_transposed, b_transposed>)

#define OTTAVA_FP8_GEMM_KERNELS_OF(X, A, B)                 \
    X(any_fp8_gemm_##A##_##B, any_fp8_gemm<A, B, AnyStore>) \
    X(any_fp8_gemm_quantize_##A##_##B, any_fp8_gemm<A, B, AnyQuantize>)

#define OTTAVA_GEMM_KERNELS_OF_LOMO(X)                                                        \
    X(any_gemm_lomo_f32, any_gemm_f32<LomoGemmResult<LomoStore>, true, true>)                 \
    X(any_gemm_lomo_fp8_weight_f32, any_gemm_f32<LomoGemmResult<LomoQuantize>, true, true>)   \
    X(any_gemm_lomo_bf16, any_gemm_bf16<LomoGemmResult<LomoStore>, true, true>)               \
    X(any_gemm_lomo_fp8_weight_bf16, any_gemm_bf16<LomoGemmResult<LomoQuantize>, true, true>) \
    X(any_fp8_gemm_lomo, any_fp8_gemm<e5m2, e4m3, AnyLomo<LomoStore>>)                        \
    X(any_fp8_gemm_lomo_fp8_weight, any_fp8_gemm<e5m2, e4m3, AnyLomo<LomoQuantize>>)

#define OTTAVA_GEMM_KERNELS(X)                    \
    OTTAVA_FP8_GEMM_KERNELS_OF(X, e4m3, e4m3)     \
    OTTAVA_FP8_GEMM_KERNELS_OF(X, e4m3, e5m2)     \
    OTTAVA_FP8_GEMM_KERNELS_OF(X, e5m2, e4m3)     \
    OTTAVA_GEMM_KERNELS_OF(X, n, false, n, false) \
    OTTAVA_GEMM_KERNELS_OF(X, n, false, t, true)  \
    OTTAVA_GEMM_KERNELS_OF(X, t, true, n, false)  \
    OTTAVA_GEMM_KERNELS_OF(X, t, true, t, true)   \
    OTTAVA_GEMM_KERNELS_OF_LOMO(X)
