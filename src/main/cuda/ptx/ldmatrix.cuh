// 8x8 matrices of 16-bit elements between shared memory and registers: ldmatrix and stmatrix (PTX ISA, same chapter as mma).
// Lane l names the address of 8 elements (16 bytes, 16-byte aligned): of row l % 8 of matrix l / 8; lanes beyond the matrices are ignored.
// Register i of lane l holds two elements of matrix i: columns 2 (l % 4) and 2 (l % 4) + 1 of row l / 4, or, transposed,
// rows 2 (l % 4) and 2 (l % 4) + 1 of column l / 4.
#pragma once

#include "cuda_types.cuh"
#ifndef __CUDACC__
#include "simt/tensor_core.h"
#else
#include "ptx/address.cuh"
#endif

namespace ottava::ptx {

#ifdef __CUDACC__

__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_x4_transposed(uint32_t (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_x2(uint32_t (&r)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];\n"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_x2_transposed(uint32_t (&r)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];\n"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

// sm_90 and later.
__device__ __forceinline__ void stmatrix_x4(void* row, const uint32_t (&r)[4]) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};\n" ::"r"(shared_address(row)), "r"(r[0]), "r"(r[1]),
                 "r"(r[2]), "r"(r[3])
                 : "memory");
}

#else

inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, simt::Site site = simt::Site::current()) {
    simt::ldmatrix("ldmatrix.x4", r, 4, row, false, site);
}
inline void ldmatrix_x4_transposed(uint32_t (&r)[4], const void* row, simt::Site site = simt::Site::current()) {
    simt::ldmatrix("ldmatrix.x4.trans", r, 4, row, true, site);
}
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, simt::Site site = simt::Site::current()) {
    simt::ldmatrix("ldmatrix.x2", r, 2, row, false, site);
}
inline void ldmatrix_x2_transposed(uint32_t (&r)[2], const void* row, simt::Site site = simt::Site::current()) {
    simt::ldmatrix("ldmatrix.x2.trans", r, 2, row, true, site);
}
inline void stmatrix_x4(void* row, const uint32_t (&r)[4], simt::Site site = simt::Site::current()) {
    simt::stmatrix("stmatrix.x4", row, r, 4, site);
}

#endif

}  // namespace ottava::ptx
