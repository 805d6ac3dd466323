// 8x8 matrices between shared memory and registers, and the products of a warp.
#pragma once

#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"
#include "primitive.cuh"

namespace ottava {

// in: which of 32 rows each lane names, then the rows, 4 words each. out: the registers, 32 lanes a register: 4 of x4, 4 of x4 transposed,
// 2 of x2, 2 of x2 transposed.
struct any_ldmatrix : Primitive {
    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(uint32_t, rows, 128);
        uint32_t lane = threadIdx.x;
        for (uint32_t i = 0; i < 4; i++) rows[32 * i + lane] = in[32 + 32 * i + lane];
        __syncwarp();
        const uint32_t* row = rows + 4 * in[lane];
        uint32_t r[4], t[4], r2[2], t2[2];
        ptx::ldmatrix_x4(r, row);
        ptx::ldmatrix_x4_transposed(t, row);
        ptx::ldmatrix_x2(r2, row);
        ptx::ldmatrix_x2_transposed(t2, row);
        for (uint32_t i = 0; i < 4; i++) out[32 * i + lane] = r[i], out[128 + 32 * i + lane] = t[i];
        for (uint32_t i = 0; i < 2; i++) out[256 + 32 * i + lane] = r2[i], out[320 + 32 * i + lane] = t2[i];
    }
};

// One mma.sync: what it does to the sums, with its types. in: registers, 32 lanes a register: 4 of a, 2 of b, 4 of d. out: 4 of d.
template <class Product>
struct any_mma : Primitive {
    static constexpr int architecture = Product::architecture;

    __device__ __forceinline__ void operator()() const {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
        constexpr bool compiled = true;
#else
        constexpr bool compiled = architecture == 80;
#endif
        if constexpr (compiled) {
            uint32_t lane = threadIdx.x, a[4], b[2];
            typename Product::Sum d[4];
            for (uint32_t i = 0; i < 4; i++) a[i] = in[32 * i + lane];
            for (uint32_t i = 0; i < 2; i++) b[i] = in[128 + 32 * i + lane];
            for (uint32_t i = 0; i < 4; i++) d[i] = reinterpret_cast<const typename Product::Sum*>(in)[192 + 32 * i + lane];
            Product::multiply(d, a, b);
            for (uint32_t i = 0; i < 4; i++) reinterpret_cast<typename Product::Sum*>(out)[32 * i + lane] = d[i];
        }
    }
};

struct MmaBf16 {
    using Sum = float;
    static constexpr int architecture = 80;
    __device__ static void multiply(Sum (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) { ptx::mma_m16n8k16_bf16(d, a, b); }
};
template <class A, class B>
struct MmaFp8 {
    using Sum = float;
    static constexpr int architecture = 89;
    __device__ static void multiply(Sum (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) { ptx::mma_m16n8k32<A, B>(d, a, b); }
};
struct MmaS8 {
    using Sum = int32_t;
    static constexpr int architecture = 80;
    __device__ static void multiply(Sum (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) { ptx::mma_m16n8k32_s8(d, a, b); }
};
struct MmaS4 {
    using Sum = int32_t;
    static constexpr int architecture = 80;
    __device__ static void multiply(Sum (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) { ptx::mma_m16n8k64_s4(d, a, b); }
};

}  // namespace ottava
