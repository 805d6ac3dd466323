// Products of a warpgroup: operands in each layout that a descriptor has, and a in registers.
#pragma once

#include "../ptx/mbarrier.cuh"
#include "../ptx/wgmma_products.cuh"
#include "primitive.cuh"

namespace ottava {

// Where an operand of rows of 128 bytes lies in shared memory, as TMA puts it there in boxes as wide as the swizzle: panels of `swizzle`
// bytes of every row, one panel after the other; without swizzle, pieces of eight rows of 16 bytes, those of eight rows together.
struct OperandLayout {
    int rows, swizzle;

    __device__ __forceinline__ int offset(int row, int byte) const {
        if (swizzle == 0) return row / 8 * 1024 + byte / 16 * 128 + row % 8 * 16 + byte % 16;
        int at = byte / swizzle * rows * swizzle + row * swizzle + byte % swizzle;
        return at ^ (at >> 7 & (swizzle / 16 - 1)) << 4;
    }
    // Of 32 bytes of every row from byte 32 step on, rows being those of m or n.
    __device__ __forceinline__ uint64_t along_k(const unsigned char* shared, int step) const {
        int byte = 32 * step;
        if (swizzle == 0) return ptx::wgmma_descriptor(shared + byte / 16 * 128, 0, 1024, 128);
        return ptx::wgmma_descriptor(shared + byte / swizzle * rows * swizzle + byte % swizzle, swizzle, 8 * swizzle);
    }
    // Of the 16 rows from 16 step on, rows being those of k.
    __device__ __forceinline__ uint64_t along_mn(const unsigned char* shared, int step) const {
        if (swizzle == 0) return ptx::wgmma_descriptor(shared + 2048 * step, 0, 128, 1024);
        return ptx::wgmma_descriptor(shared + 16 * swizzle * step, swizzle, 8 * swizzle, rows * swizzle);
    }
};

// Four products one after the other. parameters: swizzle, 0, 32, 64 or 128; whether the first adds to the sums in `in`. in: a, 64 rows of
// 128 bytes; b, N rows of 128 bytes (an operand of Major::MN: 64 rows of k, with the 64 of m or n beside each other); then N / 2 sums of
// each of 128 threads. out: the sums, N / 2 of each thread, with a from shared memory; then, if it is Major::K, the same with a from
// registers.
template <class A, class B, int N, class Sums = float, ptx::Major MAJOR_A = ptx::Major::K, ptx::Major MAJOR_B = ptx::Major::K>
struct sm90_wgmma : Primitive {
    static constexpr int architecture = 90;
    static constexpr int threads = 128;
    static constexpr int b_rows = MAJOR_B == ptx::Major::K ? N : 64;
    static constexpr int shared_bytes = (64 + b_rows) * 128;
    static_assert((MAJOR_A == ptx::Major::K && MAJOR_B == ptx::Major::K) || N == 64, "rows of k are 64 numbers of 16 bits");

    __device__ __forceinline__ void operator()() const {
        OTTAVA_DYNAMIC_SHARED(bytes);
        int thread = static_cast<int>(threadIdx.x), swizzle = parameters[0];
        OperandLayout a_layout{64, swizzle}, b_layout{b_rows, swizzle};
        unsigned char* b_bytes = bytes + 64 * 128;
        for (int i = thread; i < 64 * 32; i += threads) *reinterpret_cast<uint32_t*>(bytes + a_layout.offset(i / 32, i % 32 * 4)) = in[i];
        for (int i = thread; i < b_rows * 32; i += threads)
            *reinterpret_cast<uint32_t*>(b_bytes + b_layout.offset(i / 32, i % 32 * 4)) = in[64 * 32 + i];
        ptx::fence_proxy_async();
        __syncthreads();
        auto b_step = [&](int step) {
            return MAJOR_B == ptx::Major::K ? b_layout.along_k(b_bytes, step) : b_layout.along_mn(b_bytes, step);
        };
        Sums sums[N / 2];
        load(sums);
        ptx::wgmma_fence();
#pragma unroll
        for (int step = 0; step < 4; step++) {
            uint64_t a = MAJOR_A == ptx::Major::K ? a_layout.along_k(bytes, step) : a_layout.along_mn(bytes, step);
            bool accumulate = step > 0 || parameters[1] != 0;
            if constexpr (MAJOR_A == ptx::Major::K && MAJOR_B == ptx::Major::K) {
                ptx::wgmma<A, B>(sums, a, b_step(step), accumulate);
            } else {
                ptx::wgmma<A, B, MAJOR_A, MAJOR_B>(sums, a, b_step(step), accumulate);
            }
        }
        ptx::wgmma_commit();
        ptx::wgmma_wait<0>();
        store(sums, 0);
        if constexpr (MAJOR_A == ptx::Major::K) {
            uint32_t a[4][4];
            int row = thread / 32 * 16 + thread % 32 / 4;
#pragma unroll
            for (int step = 0; step < 4; step++)
                for (int r = 0; r < 4; r++) a[step][r] = in[(row + r % 2 * 8) * 32 + 8 * step + r / 2 * 4 + thread % 4];
            load(sums);
            ptx::wgmma_fence();
#pragma unroll
            for (int step = 0; step < 4; step++) {
                bool accumulate = step > 0 || parameters[1] != 0;
                if constexpr (MAJOR_B == ptx::Major::K) {
                    ptx::wgmma<A, B>(sums, a[step], b_step(step), accumulate);
                } else {
                    ptx::wgmma<A, B, MAJOR_B>(sums, a[step], b_step(step), accumulate);
                }
            }
            ptx::wgmma_commit();
            ptx::wgmma_wait<0>();
            store(sums, 64 * N);
        }
    }

    __device__ __forceinline__ void load(Sums (&sums)[N / 2]) const {
        const Sums* from = reinterpret_cast<const Sums*>(in) + (64 + b_rows) * 32 + threadIdx.x * (N / 2);
#pragma unroll
        for (int i = 0; i < N / 2; i++) sums[i] = from[i];
    }
    __device__ __forceinline__ void store(const Sums (&sums)[N / 2], int offset) const {
        Sums* to = reinterpret_cast<Sums*>(out) + offset + threadIdx.x * (N / 2);
#pragma unroll
        for (int i = 0; i < N / 2; i++) to[i] = sums[i];
    }
};

}  // namespace ottava
