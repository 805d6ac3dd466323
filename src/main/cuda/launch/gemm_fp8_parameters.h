// What the FP8 products of all architectures have among their parameters.
#pragma once

#include "../gemm/epilogue.cuh"
#include "../gemm/fp8_scales.cuh"
#include "gemm_fp8.h"

namespace ottava {

inline StoreResult store_result(const Fp8Product& product, const Fp8Stored& result) {
    int64_t pair_bytes = result.dtype == OTTAVA_F32 ? 8 : 4;
    auto in_pairs = [&](int64_t address, int64_t pitch) { return address % pair_bytes == 0 && pitch % 2 == 0; };
    return {static_cast<int>(product.m),
            static_cast<int>(product.n),
            pointer<const void>(result.bias),
            result.bias_dtype == OTTAVA_F32,
            pointer<const void>(result.addend),
            result.addend_pitch,
            in_pairs(result.addend, result.addend_pitch),
            pointer<void>(result.d),
            result.pitch,
            in_pairs(result.d, result.pitch),
            pointer<int>(result.amax)};
}

inline QuantizeResult quantize_result(const Fp8Product& product, const Fp8Quantized& result) {
    return {static_cast<int>(product.m),     static_cast<int>(product.n), pointer<const void>(result.bias),
            result.bias_dtype == OTTAVA_F32, result.dtype == OTTAVA_E5M2, result.groups,
            pointer<void>(result.scales)};
}

inline Fp8Scales scales_of(const Fp8Operand& x) {
    return {pointer<const float>(x.scales), x.scale_row_stride, x.scale_k_stride, static_cast<int>((x.rows - 1) / 128)};
}

}  // namespace ottava
