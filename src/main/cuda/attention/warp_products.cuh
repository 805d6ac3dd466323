// The two products of attention, as one warp computes them: 16 rows of a result in registers, operands in shared memory.
//
//   multiply_rows:    S[16, 8 N] += A[16, depth] B[8 N, depth]^T      (scores; A and B lie in shared memory)
//   multiply_weights: O[16, 8 N] += W[16, 8 K] B[8 K, 8 N]            (sums of rows; W is a result of multiply_rows, in registers)
//
// A result has the layout of the accumulators of mma.m16n8k16 (PTX ISA, "Matrix Fragments for mma.m16n8k16"): with g = lane / 4 and
// t = lane % 4, x[n][0] and x[n][1] are row g, columns 8 n + 2 t and 8 n + 2 t + 1; x[n][2] and x[n][3] the same of row g + 8. In it, W is
// an operand of the next product as it lies (FlashAttention-2, Dao 2023). BF16 multiplies by mma.sync, and rounds W to BF16; F32 by
// FFMA, and takes W through 16 x (8 K + 4) floats of shared memory.
//
// Matrices in shared memory have rows of `depth` or `8 N` elements and 16 bytes, so that the eight rows of a fragment lie in different
// banks.
#pragma once

#include "../common/elements.cuh"
#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"

namespace ottava {

template <class T, int elements>
constexpr int padded_row = elements + 16 / static_cast<int>(sizeof(T));

// Floats of shared memory that multiply_weights needs per warp, for weights of `columns` columns.
template <class T, int columns>
constexpr int weights_staging = sizeof(T) == 4 ? 16 * (columns + 4) : 0;

__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
    __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    uint32_t bits;
    memcpy(&bits, &pair, 4);
    return bits;
}

template <int depth, int N>
__device__ __forceinline__ void multiply_rows(float (&sums)[N][4], const bf16* a, const bf16* b) {
    constexpr int pitch = padded_row<bf16, depth>;
    int lane = threadIdx.x % 32;
    a += lane % 16 * pitch + lane / 16 * 8;
    b += (lane % 8 + lane / 16 * 8) * pitch + lane / 8 % 2 * 8;
#pragma unroll 4
    for (int d = 0; d < depth; d += 16) {
        uint32_t left[4];
        ptx::ldmatrix_x4(left, a + d);
#pragma unroll
        for (int n = 0; n < N; n += 2) {
            uint32_t right[4];
            ptx::ldmatrix_x4(right, b + n * 8 * pitch + d);
            ptx::mma_m16n8k16_bf16(sums[n], left, {right[0], right[1]});
            ptx::mma_m16n8k16_bf16(sums[n + 1], left, {right[2], right[3]});
        }
    }
}

template <int K, int N>
__device__ __forceinline__ void multiply_weights(float (&sums)[N][4], const float (&weights)[K][4], const bf16* b, float*) {
    constexpr int pitch = padded_row<bf16, 8 * N>;
    int lane = threadIdx.x % 32;
    b += lane % 16 * pitch + lane / 16 * 8;
#pragma unroll
    for (int k = 0; k < K; k += 2) {
        uint32_t left[4] = {pack_bf16(weights[k][0], weights[k][1]), pack_bf16(weights[k][2], weights[k][3]),
                            pack_bf16(weights[k + 1][0], weights[k + 1][1]), pack_bf16(weights[k + 1][2], weights[k + 1][3])};
#pragma unroll
        for (int n = 0; n < N; n += 2) {
            uint32_t right[4];
            ptx::ldmatrix_x4_transposed(right, b + k * 8 * pitch + n * 8);
            ptx::mma_m16n8k16_bf16(sums[n], left, {right[0], right[1]});
            ptx::mma_m16n8k16_bf16(sums[n + 1], left, {right[2], right[3]});
        }
    }
}

__device__ __forceinline__ float add_products(float sum, float4 a, float4 b) {
    return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

template <int depth, int N>
__device__ __forceinline__ void multiply_rows(float (&sums)[N][4], const float* a, const float* b) {
    constexpr int pitch = padded_row<float, depth>;
    int lane = threadIdx.x % 32;
    a += lane / 4 * pitch;
    b += lane % 4 * 2 * pitch;
#pragma unroll 2
    for (int d = 0; d < depth; d += 4) {
        float4 a0 = *reinterpret_cast<const float4*>(a + d);
        float4 a1 = *reinterpret_cast<const float4*>(a + 8 * pitch + d);
#pragma unroll
        for (int n = 0; n < N; n++) {
            float4 b0 = *reinterpret_cast<const float4*>(b + n * 8 * pitch + d);
            float4 b1 = *reinterpret_cast<const float4*>(b + (n * 8 + 1) * pitch + d);
            sums[n][0] = add_products(sums[n][0], a0, b0);
            sums[n][1] = add_products(sums[n][1], a0, b1);
            sums[n][2] = add_products(sums[n][2], a1, b0);
            sums[n][3] = add_products(sums[n][3], a1, b1);
        }
    }
}

template <int K, int N>
__device__ __forceinline__ void multiply_weights(float (&sums)[N][4], const float (&weights)[K][4], const float* b, float* staging) {
    constexpr int pitch = padded_row<float, 8 * N>, weights_pitch = 8 * K + 4;
    int lane = threadIdx.x % 32, row = lane / 4, column = lane % 4 * 2;
    __syncwarp();
#pragma unroll
    for (int k = 0; k < K; k++) {
        float* to = staging + row * weights_pitch + k * 8 + column;
        *reinterpret_cast<float2*>(to) = make_float2(weights[k][0], weights[k][1]);
        *reinterpret_cast<float2*>(to + 8 * weights_pitch) = make_float2(weights[k][2], weights[k][3]);
    }
    __syncwarp();
#pragma unroll 2
    for (int k = 0; k < 8 * K; k++) {
        float w0 = staging[row * weights_pitch + k], w1 = staging[(row + 8) * weights_pitch + k];
#pragma unroll
        for (int n = 0; n < N; n++) {
            float2 v = *reinterpret_cast<const float2*>(b + k * pitch + n * 8 + column);
            sums[n][0] = fmaf(w0, v.x, sums[n][0]);
            sums[n][1] = fmaf(w0, v.y, sums[n][1]);
            sums[n][2] = fmaf(w1, v.x, sums[n][2]);
            sums[n][3] = fmaf(w1, v.y, sums[n][3]);
        }
    }
}

template <int N>
__device__ __forceinline__ void clear(float (&sums)[N][4]) {
#pragma unroll
    for (int n = 0; n < N; n++) sums[n][0] = sums[n][1] = sums[n][2] = sums[n][3] = 0;
}

__device__ __forceinline__ void store_pair(float* to, float x, float y) {
    *reinterpret_cast<float2*>(to) = make_float2(x, y);
}

__device__ __forceinline__ void store_pair(bf16* to, float x, float y) {
    *reinterpret_cast<uint32_t*>(to) = pack_bf16(x, y);
}

}  // namespace ottava
