// 2^x in one instruction (PTX ISA, "ex2"): relative error 2^-22, subnormal numbers are zeros. exp2f takes four, for subnormal results.
#pragma once

#include "cuda_types.cuh"

namespace ottava::ptx {

#ifdef __CUDACC__

__device__ __forceinline__ float exp2_approximate(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;\n" : "=f"(y) : "f"(x));
    return y;
}

#else

inline float exp2_approximate(float x) {
    return exp2f(x);
}

#endif

}  // namespace ottava::ptx
