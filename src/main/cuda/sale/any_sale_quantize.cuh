// Rows of x - mean to 4 bits. A warp takes the rows that share a scale; a lane has width / 32 channels of each.
// Block: 4 warps. Grid: (groups of rows / 4, heads, batch). No shared memory.
#pragma once

#include "../common/reduce.cuh"
#include "../common/scale.cuh"

namespace ottava {

// Which rows share a scale: so that in mma.sync a thread holds sums of few scales (SALE, "per thread" quantisation). There, a thread has
// rows r and r + 8 of a tile of queries, and keys 2 t and 2 t + 1 of each 8.
struct QueryRows {
    static constexpr int block = 16, groups = 8, rows = 2;  // in each `block` rows, `groups` groups of `rows`
    __device__ static int row(int group, int i) { return group + 8 * i; }
    __device__ static int group(int row) { return row % 8; }
};
struct KeyRows {
    static constexpr int block = 32, groups = 4, rows = 8;
    __device__ static int row(int group, int i) { return i / 2 * 8 + group * 2 + i % 2; }
    __device__ static int group(int row) { return row % 8 / 2; }
};

template <int width, class Rows>
struct any_sale_quantize {
    static constexpr int threads = 128, run = width / 32;

    uint8_t* codes;
    float* scales;
    const bf16* x;
    const float* mean;
    int64_t first, length, capacity, batch_pitch;

    __device__ void operator()() const {
        int lane = threadIdx.x % 32;
        int64_t index = first / Rows::block * Rows::groups + static_cast<int64_t>(blockIdx.x) * (threads / 32) + threadIdx.x / 32;
        int64_t first_row = index / Rows::groups * Rows::block;
        int group = static_cast<int>(index % Rows::groups);
        if (first_row + Rows::row(group, 0) >= length) return;
        int64_t head = static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y;
        float center[run], values[Rows::rows][run];
#pragma unroll
        for (int k = 0; k < run; k++) center[k] = mean[head * width + lane * run + k];
        uint32_t largest = 0;
#pragma unroll
        for (int i = 0; i < Rows::rows; i++) {
            int64_t row = first_row + Rows::row(group, i);
            uint16_t bits[run] = {};
            if (row < length)
                memcpy(
                    bits,
                    __builtin_assume_aligned(x + blockIdx.z * batch_pitch + (row * gridDim.y + blockIdx.y) * width + lane * run, 2 * run),
                    sizeof(bits));
#pragma unroll
            for (int k = 0; k < run; k++) {
                values[i][k] = row < length ? Element<bf16>::load(bits[k]) - center[k] : 0.0f;
                largest = max(largest, magnitude_bits(values[i][k]));
            }
        }
        largest = warp_reduce<Maximum>(largest);
        float scale = scale_of(largest, 7.0f);
        bool broken = scale != scale;
        if (lane == 0) scales[head * ((capacity + Rows::block - 1) / Rows::block * Rows::groups) + index] = scale;
#pragma unroll
        for (int i = 0; i < Rows::rows; i++) {
            int64_t row = first_row + Rows::row(group, i);
            if (row >= length) continue;
            uint32_t packed = 0;
#pragma unroll
            for (int k = 0; k < run; k++) {
                int code = broken ? 0 : __float2int_rn(values[i][k] / scale);
                packed |= (static_cast<uint32_t>(code) & 15u) << (4 * k);
            }
            uint8_t* to = codes + (head * capacity + row) * (width / 2) + lane * run / 2;
            if constexpr (run == 4) {
                *reinterpret_cast<uint16_t*>(to) = static_cast<uint16_t>(packed);
            } else {
                *to = static_cast<uint8_t>(packed);
            }
        }
    }
};

}  // namespace ottava
