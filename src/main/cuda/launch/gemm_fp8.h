// The product of FP8 operands: what is asked for, given to the kernel of the architecture. abi/check_gemm_fp8.h has checked it.
#pragma once

#include "../gemm/sm90_tiles.h"
#include "elementwise.h"
#include "launch.h"

namespace ottava {

// [rows, k] of codes, and its scales.
struct Fp8Operand {
    int dtype;
    int64_t codes, pitch, rows, scales, scale_row_stride, scale_k_stride;
    bool per_tensor() const { return scale_row_stride == 0 && scale_k_stride == 0; }
};

struct Fp8Product {
    int64_t stream;
    Fp8Operand a, b;
    int64_t m, n, k;
    bool exact;
    // Whether sums leave the accumulators after each 128 of k: to be exact, or as scales change there.
    bool promoted() const { return exact || !a.per_tensor() || !b.per_tensor(); }
};

// D in F32 or BF16.
struct Fp8Stored {
    int dtype;
    int64_t d, pitch, amax;
    int bias_dtype;
    int64_t bias, addend, addend_pitch;
};

// D in FP8, with scales made from it.
struct Fp8Quantized {
    int dtype;
    int64_t codes, pitch;
    bool groups;  // GROUPS_16, else BLOCKS_128
    int64_t scales;
    int bias_dtype;
    int64_t bias;
};

// D is the gradient of a weight, of FP8 or not, that is updated; A is E5M2, B is E4M3, and sums are promoted.
struct LomoResult;
struct Fp8Lomo {
    const LomoResult& result;
    bool fp8_weight;
};

// By the sm_90a kernel of the plan's tile; gemm_fp8_sm90.cpp.
void sm90_gemm_fp8(const Fp8Product& product, const Fp8Stored& result, const Sm90Plan& plan);
void sm90_gemm_fp8(const Fp8Product& product, const Fp8Quantized& result, const Sm90Plan& plan);
void sm90_gemm_fp8(const Fp8Product& product, const Fp8Lomo& result, const Sm90Plan& plan);

// By the portable kernel; gemm_fp8_any.cpp.
void any_gemm_fp8(const Fp8Product& product, const Fp8Stored& result);
void any_gemm_fp8(const Fp8Product& product, const Fp8Quantized& result);
void any_gemm_fp8(const Fp8Product& product, const Fp8Lomo& result);

namespace kernels {

// The kernel of the stream's device.
template <class Result>
void run_gemm_fp8(const Fp8Product& product, const Result& result) {
    KernelDevice& device = kernel_device(product.stream);
    if (device.architecture != 90) return any_gemm_fp8(product, result);
    bool whole_blocks = !std::is_same_v<Result, Fp8Stored>;
    sm90_gemm_fp8(product, result, sm90_plan({product.m, product.n, product.k, device.multiprocessors, product.promoted(), whole_blocks}));
}

inline int gemm_fp8(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int64_t d_amax, int a_dtype, int64_t a, int64_t a_pitch,
                    int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype, int64_t b, int64_t b_pitch,
                    int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride, int bias_dtype, int64_t bias, int64_t addend,
                    int64_t addend_pitch, int64_t m, int64_t n, int64_t k, int exact) {
    Fp8Product product{stream,
                       {a_dtype, a, a_pitch, m, a_scales, a_scale_row_stride, a_scale_k_stride},
                       {b_dtype, b, b_pitch, n, b_scales, b_scale_row_stride, b_scale_k_stride},
                       m,
                       n,
                       k,
                       exact != 0};
    if (d_amax != 0) fill(stream, OTTAVA_F32, d_amax, 1, 0.0);
    if (m > 0 && n > 0) run_gemm_fp8(product, Fp8Stored{d_dtype, d, d_pitch, d_amax, bias_dtype, bias, addend, addend_pitch});
    return OTTAVA_OK;
}

inline int gemm_fp8_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int scaling, int64_t q_scales, int a_dtype, int64_t a,
                             int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype,
                             int64_t b, int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride,
                             int bias_dtype, int64_t bias, int64_t m, int64_t n, int64_t k, int exact) {
    Fp8Product product{stream,
                       {a_dtype, a, a_pitch, m, a_scales, a_scale_row_stride, a_scale_k_stride},
                       {b_dtype, b, b_pitch, n, b_scales, b_scale_row_stride, b_scale_k_stride},
                       m,
                       n,
                       k,
                       exact != 0};
    if (m > 0 && n > 0) run_gemm_fp8(product, Fp8Quantized{q_dtype, q, q_pitch, scaling == OTTAVA_GROUPS_16, q_scales, bias_dtype, bias});
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
