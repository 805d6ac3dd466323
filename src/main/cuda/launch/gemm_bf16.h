// The product of BF16 operands by the sm_90a kernels: which products those take.
#pragma once

#include "../gemm/sm90_tiles.h"
#include "launch.h"

namespace ottava {

// [rows, k], or lying as [k, rows].
struct Bf16Operand {
    int64_t address, pitch;
    bool transposed;
    bool by_tma() const { return address % 16 == 0 && pitch % 8 == 0; }
};

struct Bf16Product {
    int64_t stream;
    Bf16Operand a, b;
    int64_t m, n, k;
};

// D = sums + bias + D in F32 or BF16; the bias, which may be 0, is BF16.
struct Bf16Stored {
    int dtype;
    int64_t d, pitch, bias;
    bool accumulate;
};

// D is the gradient of a weight, of FP8 or not, that is updated; both operands are transposed.
struct LomoResult;
struct Bf16Lomo {
    const LomoResult& result;
    bool fp8_weight;
};

// Whether there is a sm_90a kernel for it. That follows from the operands alone, not from what becomes of the sums: products that
// are to have the same bits are made by the same instructions.
inline bool sm90_takes(const Bf16Product& x) {
    bool sizes = x.m > 0 && x.n > 0 && x.k > 0 && x.m <= INT32_MAX - 256 && x.n <= INT32_MAX - 256 && x.k <= INT32_MAX - 64 &&
                 ceil_div(x.m, 128) * ceil_div(x.n, 128) <= INT32_MAX;
    bool layout = !x.a.transposed || x.b.transposed;
    return kernel_device(x.stream).architecture == 90 && sizes && layout && x.a.by_tma() && x.b.by_tma();
}

// fp8_weight: of a tile that has whole blocks of 128 x 128.
inline Sm90Shape sm90_shape(const Bf16Product& x, bool fp8_weight = false) {
    return {x.m, x.n, 2 * x.k, kernel_device(x.stream).multiprocessors, false, fp8_weight, true};
}

// By the kernel of the plan's tile; gemm_bf16_sm90.cpp.
void sm90_gemm_bf16(const Bf16Product& product, const Bf16Stored& result, const Sm90Plan& plan);
void sm90_gemm_bf16(const Bf16Product& product, const Bf16Lomo& result, const Sm90Plan& plan);

}  // namespace ottava
