// c_hj = query_mean_h . (k_j - key_mean): a warp takes 8 keys and all query heads of their group; a lane has width / 32 channels.
// Block: 4 warps. Grid: (keys / 32, kv_heads, batch). No shared memory.
#pragma once

#include "../common/reduce.cuh"
#include "sale_shape.cuh"

namespace ottava {

template <int width>
struct any_sale_correction {
    static constexpr int threads = 128, run = width / 32, keys = 8;

    float* correction;
    const bf16* k;
    const float* key_mean;
    const float* query_mean;
    int group, key_length;
    int64_t key_batch_pitch, correction_pitch;

    __device__ void operator()() const {
        int lane = threadIdx.x % 32, column = lane * run;
        int first = static_cast<int>(blockIdx.x * (threads / 32) + threadIdx.x / 32) * keys;
        if (first >= key_length) return;
        const float* center = key_mean + (static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * width + column;
        float values[keys][run];
#pragma unroll
        for (int i = 0; i < keys; i++) {
            // Keys beyond the last do as the last does, and are not stored.
            int64_t key = min(first + i, key_length - 1);
            uint16_t bits[run] = {};
            memcpy(bits,
                   __builtin_assume_aligned(k + blockIdx.z * key_batch_pitch + (key * gridDim.y + blockIdx.y) * width + column, 2 * run),
                   sizeof(bits));
#pragma unroll
            for (int c = 0; c < run; c++) values[i][c] = Element<bf16>::load(bits[c]) - center[c];
        }
        for (int member = 0; member < group; member++) {
            int64_t head = (static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * group + member;
            float factor[run], own = 0;
#pragma unroll
            for (int c = 0; c < run; c++) factor[c] = query_mean[head * width + column + c];
#pragma unroll
            for (int i = 0; i < keys; i++) {
                float sum = 0;
#pragma unroll
                for (int c = 0; c < run; c++) sum = fmaf(values[i][c], factor[c], sum);
                sum = warp_sum(sum);
                if (lane == i) own = sum;
            }
            if (lane < keys && first + lane < key_length) correction[head * correction_pitch + first + lane] = own;
        }
    }
};

}  // namespace ottava
