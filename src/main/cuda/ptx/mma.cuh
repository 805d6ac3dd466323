// Warp-level products of BF16 matrices: PTX ISA, "mma.sync.aligned.m16n8k16" and "ldmatrix". All 32 lanes take part. With g = lane / 4 and
// t = lane % 4, a lane holds
//   of a 16 x 16 matrix A, in four registers of two neighbours, the lower one in the lower half: rows g and g + 8 of columns 2 t and
//     2 t + 1, then the same of columns 2 t + 8 and 2 t + 9;
//   of a 16 x 8 matrix B: rows 2 t and 2 t + 1 of column g, then rows 2 t + 8 and 2 t + 9;
//   of a 16 x 8 matrix D: row g, columns 2 t and 2 t + 1, then the same of row g + 8.
#pragma once

#include "../cuda_types.cuh"

namespace ottava {

#ifdef __CUDACC__

// Loads four 8 x 8 matrices of 16-bit elements from shared memory: lane l gives the address of row l % 8 of matrix l / 8 (16 bytes, aligned
// to them). x[i] becomes columns 2 t and 2 t + 1 of row g of matrix i.
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&x)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                 : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(row)))
                 : "memory");
}

// The same of the transposed matrices: x[i] becomes rows 2 t and 2 t + 1 of column g.
__device__ __forceinline__ void ldmatrix_x4_transposed(uint32_t (&x)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                 : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(row)))
                 : "memory");
}

// D += A B, accumulated in F32.
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Two floats as BF16, rounded to nearest even: low in the lower half.
__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
    uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

#else

namespace simt {

struct LdmatrixLane {
    uint32_t* x;
    const uint16_t* row;
};

template <bool transposed>
void ldmatrix_x4(void** arguments, uint32_t) {
    for (int lane = 0; lane < 32; lane++)
        if (reinterpret_cast<uintptr_t>(static_cast<LdmatrixLane*>(arguments[lane])->row) % 16 != 0)
            kernel_error("ldmatrix: the row of lane %d is not aligned to 16 bytes", lane);
    for (int matrix = 0; matrix < 4; matrix++)
        for (int lane = 0; lane < 32; lane++) {
            uint32_t pair = 0;
            for (int i = 0; i < 2; i++) {
                int row = transposed ? lane % 4 * 2 + i : lane / 4, column = transposed ? lane / 4 : lane % 4 * 2 + i;
                uint32_t element = static_cast<LdmatrixLane*>(arguments[matrix * 8 + row])->row[column];
                pair |= element << (16 * i);
            }
            static_cast<LdmatrixLane*>(arguments[lane])->x[matrix] = pair;
        }
}

struct MmaLane {
    float* d;
    const uint32_t* a;
    uint32_t b[2];
};

inline float half_of(uint32_t pair, int i) {
    return __uint_as_float(i == 0 ? pair << 16 : pair & 0xffff0000u);
}

inline void mma_m16n8k16(void** arguments, uint32_t) {
    float a[16][16], b[16][8], d[16][8];
    for (int lane = 0; lane < 32; lane++) {
        const MmaLane& own = *static_cast<MmaLane*>(arguments[lane]);
        int g = lane / 4, t = lane % 4 * 2;
        for (int i = 0; i < 8; i++) a[g + i / 2 % 2 * 8][t + i % 2 + i / 4 * 8] = half_of(own.a[i / 2], i % 2);
        for (int i = 0; i < 4; i++) b[t + i % 2 + i / 2 * 8][g] = half_of(own.b[i / 2], i % 2);
        for (int i = 0; i < 4; i++) d[g + i / 2 * 8][t + i % 2] = own.d[i];
    }
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < 16; k++)
            for (int column = 0; column < 8; column++) d[row][column] += a[row][k] * b[k][column];
    for (int lane = 0; lane < 32; lane++)
        for (int i = 0; i < 4; i++) static_cast<MmaLane*>(arguments[lane])->d[i] = d[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
}

}  // namespace simt

inline void ldmatrix_x4(uint32_t (&x)[4], const void* row, simt::Site site = simt::Site::current()) {
    simt::LdmatrixLane own{x, static_cast<const uint16_t*>(row)};
    simt::warp_together(0xffffffffu, "ldmatrix", simt::ldmatrix_x4<false>, &own, site);
}

inline void ldmatrix_x4_transposed(uint32_t (&x)[4], const void* row, simt::Site site = simt::Site::current()) {
    simt::LdmatrixLane own{x, static_cast<const uint16_t*>(row)};
    simt::warp_together(0xffffffffu, "ldmatrix.trans", simt::ldmatrix_x4<true>, &own, site);
}

inline void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, simt::Site site = simt::Site::current()) {
    simt::MmaLane own{d, a, {b0, b1}};
    simt::warp_together(0xffffffffu, "mma.m16n8k16", simt::mma_m16n8k16, &own, site);
}

inline uint32_t pack_bf16(float low, float high) {
    return static_cast<uint32_t>(ottava_bfloat16_bits(low)) | static_cast<uint32_t>(ottava_bfloat16_bits(high)) << 16;
}

#endif

}  // namespace ottava
