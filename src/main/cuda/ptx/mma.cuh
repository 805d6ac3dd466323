// Matrix products of one warp on tensor cores: mma.sync (PTX ISA, "Warp-level matrix multiply-accumulate instructions").
// d[16, 8] += a[16, K] · b[K, 8]; all 32 lanes. With g = lane / 4 and t = lane % 4, a register holds e = K / 8 neighbours along k, the
// first in its lowest bits:
//   a[0] row g, k e t; a[1] row g+8, k e t; a[2] row g, k e t + K/2; a[3] row g+8, k e t + K/2
//   b[0] k e t, column g; b[1] k e t + K/2, column g
//   d[0], d[1] row g, columns 2t, 2t+1; d[2], d[3] the same of row g+8
#pragma once

#include "ptx/fp8.cuh"
#ifndef __CUDACC__
#include "simt/tensor_core.h"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

#define OTTAVA_MMA(shape_and_types, constraint)                                                                           \
    asm volatile("mma.sync.aligned." shape_and_types " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n" \
                 : constraint(d[0]), constraint(d[1]), constraint(d[2]), constraint(d[3])                                 \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

// K = 16: BF16 operands, F32 sums.
__device__ __forceinline__ void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    OTTAVA_MMA("m16n8k16.row.col.f32.bf16.bf16.f32", "+f");
}

// K = 32: operands e4m3 or e5m2, F32 sums; sm_89 and later.
template <class A, class B>
__device__ __forceinline__ void mma_m16n8k32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    static_assert(is_fp8<A> && is_fp8<B>, "a and b are e4m3 or e5m2");
    if constexpr (is_same<A, e4m3> && is_same<B, e4m3>) {
        OTTAVA_MMA("m16n8k32.row.col.f32.e4m3.e4m3.f32", "+f");
    } else if constexpr (is_same<A, e4m3>) {
        OTTAVA_MMA("m16n8k32.row.col.f32.e4m3.e5m2.f32", "+f");
    } else if constexpr (is_same<B, e4m3>) {
        OTTAVA_MMA("m16n8k32.row.col.f32.e5m2.e4m3.f32", "+f");
    } else {
        OTTAVA_MMA("m16n8k32.row.col.f32.e5m2.e5m2.f32", "+f");
    }
}

// K = 32: signed bytes, 32-bit sums.
__device__ __forceinline__ void mma_m16n8k32_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    OTTAVA_MMA("m16n8k32.row.col.s32.s8.s8.s32", "+r");
}

// K = 64: signed numbers of 4 bits, 32-bit sums.
__device__ __forceinline__ void mma_m16n8k64_s4(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    OTTAVA_MMA("m16n8k64.row.col.s32.s4.s4.s32", "+r");
}

#undef OTTAVA_MMA

#else

inline void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], simt::Site site = simt::Site::current()) {
    simt::mma("mma.m16n8k16.bf16", simt::BF16, simt::BF16, d, a, b, site);
}
template <class A, class B>
void mma_m16n8k32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], simt::Site site = simt::Site::current()) {
    static_assert(is_fp8<A> && is_fp8<B>, "a and b are e4m3 or e5m2");
    simt::mma("mma.m16n8k32.f8", simt::number_type<A>, simt::number_type<B>, d, a, b, site);
}
inline void mma_m16n8k32_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], simt::Site site = simt::Site::current()) {
    simt::mma("mma.m16n8k32.s8", simt::S8, simt::S8, d, a, b, site);
}
inline void mma_m16n8k64_s4(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], simt::Site site = simt::Site::current()) {
    simt::mma("mma.m16n8k64.s4", simt::S4, simt::S4, d, a, b, site);
}

#endif

}  // namespace ottava::ptx
