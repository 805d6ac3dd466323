// The product of FP8 operands by the portable kernel; arguments as in ottava/gemm.h.
#pragma once

#include "elementwise.h"
#include "gemm.h"

namespace ottava::kernels {

// Launches any_fp8_gemm<A, B, Epilogue> for the types of a and b.
template <class Epilogue>
void launch_any_fp8_gemm(int64_t stream, const Epilogue& epilogue, int a_dtype, int64_t a, int64_t a_pitch, int64_t a_scales,
                         int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype, int64_t b, int64_t b_pitch, int64_t b_scales,
                         int64_t b_scale_row_stride, int64_t b_scale_k_stride, int64_t m, int64_t n, int64_t k) {
    auto run = [&](auto a_type, auto b_type) {
        using A = decltype(a_type);
        using B = decltype(b_type);
        using Kernel = any_fp8_gemm<A, B, Epilogue>;
        Kernel kernel{{pointer<const A>(a), a_pitch, m, pointer<const float>(a_scales), a_scale_row_stride, a_scale_k_stride},
                      {pointer<const B>(b), b_pitch, n, pointer<const float>(b_scales), b_scale_row_stride, b_scale_k_stride},
                      k,
                      epilogue,
                      kernel_device(stream).architecture};
        launch(stream, kernel, ceil_div(m, Kernel::tile) * ceil_div(n, Kernel::tile), Kernel::threads);
    };
    if (a_dtype == OTTAVA_E5M2) {
        run(e5m2{}, e4m3{});
    } else if (b_dtype == OTTAVA_E5M2) {
        run(e4m3{}, e5m2{});
    } else {
        run(e4m3{}, e4m3{});
    }
}

inline int any_gemm_fp8(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int64_t d_amax, int a_dtype, int64_t a, int64_t a_pitch,
                        int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride, int b_dtype, int64_t b, int64_t b_pitch,
                        int64_t b_scales, int64_t b_scale_row_stride, int64_t b_scale_k_stride, int bias_dtype, int64_t bias,
                        int64_t addend, int64_t addend_pitch, int64_t m, int64_t n, int64_t k, int) {
    if (d_amax != 0) fill(stream, OTTAVA_F32, d_amax, 1, 0.0);
    int64_t pair = d_dtype == OTTAVA_F32 ? 8 : 4;
    auto in_pairs = [&](int64_t address, int64_t pitch) { return address % pair == 0 && pitch % 2 == 0; };
    AnyStore epilogue{{static_cast<int>(m), static_cast<int>(n), pointer<const void>(bias), bias_dtype == OTTAVA_F32,
                       pointer<const void>(addend), addend_pitch, in_pairs(addend, addend_pitch), pointer<void>(d), d_pitch,
                       in_pairs(d, d_pitch), pointer<int>(d_amax)},
                      d_dtype == OTTAVA_F32};
    launch_any_fp8_gemm(stream, epilogue, a_dtype, a, a_pitch, a_scales, a_scale_row_stride, a_scale_k_stride, b_dtype, b, b_pitch, b_scales,
                        b_scale_row_stride, b_scale_k_stride, m, n, k);
    return OTTAVA_OK;
}

inline int any_gemm_fp8_quantize(int64_t stream, int q_dtype, int64_t q, int64_t q_pitch, int scaling, int64_t q_scales, int a_dtype,
                                 int64_t a, int64_t a_pitch, int64_t a_scales, int64_t a_scale_row_stride, int64_t a_scale_k_stride,
                                 int b_dtype, int64_t b, int64_t b_pitch, int64_t b_scales, int64_t b_scale_row_stride,
                                 int64_t b_scale_k_stride, int bias_dtype, int64_t bias, int64_t m, int64_t n, int64_t k, int) {
    AnyQuantize epilogue{{static_cast<int>(m), static_cast<int>(n), pointer<const void>(bias), bias_dtype == OTTAVA_F32,
                          q_dtype == OTTAVA_E5M2, scaling == OTTAVA_GROUPS_16, pointer<void>(q_scales)},
                         pointer<uint8_t>(q),
                         q_pitch};
    launch_any_fp8_gemm(stream, epilogue, a_dtype, a, a_pitch, a_scales, a_scale_row_stride, a_scale_k_stride, b_dtype, b, b_pitch, b_scales,
                        b_scale_row_stride, b_scale_k_stride, m, n, k);
    return OTTAVA_OK;
}

}  // namespace ottava::kernels
