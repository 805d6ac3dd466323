// The product of FP8 operands: what is asked for, checked, and given to the kernel of the architecture.
#pragma once

#include <array>

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

// By the sm_90a kernel of the plan's tile; gemm_fp8_sm90.cpp.
void sm90_gemm_fp8(const Fp8Product& product, const Fp8Stored& result, const Sm90Plan& plan);
void sm90_gemm_fp8(const Fp8Product& product, const Fp8Quantized& result, const Sm90Plan& plan);

namespace kernels {

inline void check_fp8_operand(const char* operation, const char* name, const Fp8Operand& x, int64_t k) {
    if (x.dtype != OTTAVA_E4M3 && x.dtype != OTTAVA_E5M2)
        fail(OTTAVA_UNSUPPORTED, "%s: %s is of dtype %d; e4m3 or e5m2", operation, name, x.dtype);
    if (x.pitch % 16 != 0 || x.pitch < k)
        fail(OTTAVA_UNSUPPORTED, "%s: rows of %s of %lld codes are %lld apart; a multiple of 16 from %lld on works", operation, name,
             static_cast<long long>(k), static_cast<long long>(x.pitch), static_cast<long long>(ceil_div(k, 16) * 16));
    if (x.codes % 16 != 0) fail(OTTAVA_INVALID_ARGUMENT, "%s: the address of %s is not a multiple of 16", operation, name);
}

inline void check(const char* operation, const Fp8Product& product, int bias_dtype, int64_t bias) {
    auto [m, n, k] = std::array{product.m, product.n, product.k};
    if (k % 16 != 0 || k <= 0) {
        long long below = k / 16 * 16, above = below + 16;
        if (below > 0)
            fail(OTTAVA_UNSUPPORTED, "%s: k is %lld; %lld or %lld, multiples of 16 (codes beyond k are zeros), work", operation,
                 static_cast<long long>(k), below, above);
        fail(OTTAVA_UNSUPPORTED, "%s: k is %lld; 16, or another multiple of 16, works", operation, static_cast<long long>(k));
    }
    // Coordinates are 32-bit, also those of tiles that reach beyond D.
    constexpr int64_t most = INT32_MAX / 256 * 256 - 256;
    if (m > most || n > most || k > most || ceil_div(m, 64) * ceil_div(n, 64) > INT32_MAX)
        fail(OTTAVA_UNSUPPORTED, "%s: %lld x %lld x %lld is too large; divide it along m or n", operation, static_cast<long long>(m),
             static_cast<long long>(n), static_cast<long long>(k));
    check_fp8_operand(operation, "a", product.a, k);
    check_fp8_operand(operation, "b", product.b, k);
    if (product.a.dtype == OTTAVA_E5M2 && product.b.dtype == OTTAVA_E5M2)
        fail(OTTAVA_UNSUPPORTED, "%s: a and b are both e5m2; one of them may be", operation);
    if (bias != 0 && bias_dtype != OTTAVA_F32 && bias_dtype != OTTAVA_BF16)
        fail(OTTAVA_UNSUPPORTED, "%s: bias of dtype %d; f32 or bf16", operation, bias_dtype);
}

// The kernel of the stream's device.
template <class Result>
void run(const char* operation, const Fp8Product& product, const Result& result) {
    KernelDevice& device = kernel_device(product.stream);
    if (device.architecture != 90)
        fail(OTTAVA_UNSUPPORTED, "%s on %s: there is a kernel of sm_90a only", operation, device.properties["name"].c_str());
    bool quantized = std::is_same_v<Result, Fp8Quantized>;
    sm90_gemm_fp8(product, result, sm90_plan({product.m, product.n, product.k, device.multiprocessors, product.promoted(), quantized}));
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
    check("gemm_fp8", product, bias_dtype, bias);
    if (d_dtype != OTTAVA_F32 && d_dtype != OTTAVA_BF16) refuse_dtype(stream, "gemm_fp8", d_dtype);
    if (d_amax != 0) fill(stream, OTTAVA_F32, d_amax, 1, 0.0);
    if (m > 0 && n > 0) run("gemm_fp8", product, Fp8Stored{d_dtype, d, d_pitch, d_amax, bias_dtype, bias, addend, addend_pitch});
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
    check("gemm_fp8_quantize", product, bias_dtype, bias);
    if (scaling != OTTAVA_BLOCKS_128 && scaling != OTTAVA_GROUPS_16)
        fail(OTTAVA_UNSUPPORTED, "gemm_fp8_quantize: scaling %d; blocks of 128 x 128 or groups of 16", scaling);
    check_fp8_operand("gemm_fp8_quantize", "q", {q_dtype, q, q_pitch, m, q_scales, 0, 0}, n);
    if (m > 0 && n > 0)
        run("gemm_fp8_quantize", product, Fp8Quantized{q_dtype, q, q_pitch, scaling == OTTAVA_GROUPS_16, q_scales, bias_dtype, bias});
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
