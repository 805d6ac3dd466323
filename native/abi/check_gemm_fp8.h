// What ottava_gemm_fp8 and ottava_gemm_fp8_quantize ask of their arguments, for all devices at once. Each fails with what would work.
#pragma once

#include <cstdint>

namespace ottava {

struct Fp8OperandArguments {
    int dtype;
    int64_t codes, pitch, scales;
};

void check_gemm_fp8_operands(const char* operation, const Fp8OperandArguments& a, const Fp8OperandArguments& b, int bias_dtype,
                             int64_t bias, int64_t m, int64_t n, int64_t k);

void check_gemm_fp8_result(const char* operation, int d_dtype, int64_t d, int64_t d_pitch, int64_t addend, int64_t addend_pitch, int64_t n);

void check_gemm_fp8_quantized(const char* operation, int q_dtype, int64_t q, int64_t q_pitch, int scaling, int64_t q_scales, int64_t n);

}  // namespace ottava
