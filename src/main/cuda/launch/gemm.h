// The matrix product, by the portable kernels or those of sm_90a.
#pragma once

#include "../gemm/kernels.h"
#include "gemm_bf16.h"
#include "launch.h"

namespace ottava {

OTTAVA_GEMM_KERNELS(OTTAVA_NAME)

// [rows, k], or lying as [k, rows].
template <class T>
GemmOperand<T> gemm_operand(int64_t address, int64_t pitch, bool transposed, int64_t rows, int64_t k) {
    bool aligned = address % 16 == 0 && pitch * static_cast<int64_t>(sizeof(T)) % 16 == 0;
    return {pointer<const T>(address), pitch, transposed ? k : rows, transposed ? rows : k, aligned};
}

namespace kernels {

inline int gemm(int64_t stream, int d_dtype, int64_t d, int64_t d_pitch, int operand_dtype, int64_t a, int64_t a_pitch, int a_transposed,
                int64_t b, int64_t b_pitch, int b_transposed, int64_t bias, int64_t m, int64_t n, int64_t k, int accumulate) {
    bool f32 = operand_dtype == OTTAVA_F32 && d_dtype == OTTAVA_F32;
    if (!f32 && (operand_dtype != OTTAVA_BF16 || (d_dtype != OTTAVA_F32 && d_dtype != OTTAVA_BF16)))
        fail(OTTAVA_UNSUPPORTED, "gemm on %s: operands of dtype %d with a result of dtype %d; bf16 gives bf16 or f32, f32 gives f32",
             device_of(stream).properties["name"].c_str(), operand_dtype, d_dtype);
    Bf16Product product{stream, {a, a_pitch, a_transposed != 0}, {b, b_pitch, b_transposed != 0}, m, n, k};
    if (!f32 && sm90_takes(product)) {
        sm90_gemm_bf16(product, Bf16Stored{d_dtype, d, d_pitch, bias, accumulate != 0}, sm90_plan(sm90_shape(product)));
        return OTTAVA_OK;
    }
    auto run = [&](auto element, auto result, auto kernel) {
        using T = decltype(element);
        using D = decltype(result);
        using Kernel = typename decltype(kernel)::type;
        int64_t tiles = ceil_div(m, Kernel::tile) * ceil_div(n, Kernel::tile);
        if (tiles > INT32_MAX)
            fail(OTTAVA_UNSUPPORTED, "gemm: a result of %lld x %lld is too large", static_cast<long long>(m), static_cast<long long>(n));
        GemmResult<T, D> to{pointer<D>(d), d_pitch, m, n, pointer<const T>(bias), accumulate != 0};
        launch(stream, Kernel{gemm_operand<T>(a, a_pitch, a_transposed, m, k), gemm_operand<T>(b, b_pitch, b_transposed, n, k), to, k},
               tiles, Kernel::threads);
    };
    auto transposed = [&](auto a_is, auto b_is) {
        constexpr bool at = decltype(a_is)::value, bt = decltype(b_is)::value;
        if (f32) return run(float{}, float{}, std::common_type<any_gemm_f32<GemmResult<float, float>, at, bt>>{});
        if (d_dtype == OTTAVA_F32) return run(bf16{}, float{}, std::common_type<any_gemm_bf16<GemmResult<bf16, float>, at, bt>>{});
        return run(bf16{}, bf16{}, std::common_type<any_gemm_bf16<GemmResult<bf16, bf16>, at, bt>>{});
    };
    if (a_transposed) {
        b_transposed ? transposed(std::true_type{}, std::true_type{}) : transposed(std::true_type{}, std::false_type{});
    } else {
        b_transposed ? transposed(std::false_type{}, std::true_type{}) : transposed(std::false_type{}, std::false_type{});
    }
    return OTTAVA_OK;
}

}  // namespace kernels
}  // namespace ottava
