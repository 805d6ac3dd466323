// Matrix products of one warp on tensor cores: mma.sync (PTX ISA, "Warp-level matrix multiply-accumulate instructions").
// With g = lane / 4 and t = lane % 4, a register holds two neighbours along k, the first in its lower half:
//   a[0] row g, k 2t; a[1] row g+8, k 2t; a[2] row g, k 2t+8; a[3] row g+8, k 2t+8
//   b[0] k 2t, column g; b[1] k 2t+8, column g
//   d[0], d[1] row g, columns 2t, 2t+1; d[2], d[3] the same of row g+8
#pragma once

#include "cuda_types.cuh"
#ifndef __CUDACC__
#include "simt/tensor_core.h"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

// d[16, 8] += a[16, 16] · b[16, 8]: BF16 operands, F32 sums. All 32 lanes.
__device__ __forceinline__ void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#else

inline void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], simt::Site site = simt::Site::current()) {
    simt::MmaLane own{d, a, b};
    simt::warp_together(0xffffffffu, "mma.m16n8k16.bf16", simt::mma_m16n8k16_bf16, &own, site);
}

#endif

}  // namespace ottava::ptx
