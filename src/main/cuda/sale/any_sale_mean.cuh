// The mean over a sequence, per head and channel: sums of 512 rows each by one kernel, those sums in order and the division by the next.
#pragma once

#include "../common/elements.cuh"

namespace ottava {

constexpr int rows_of_part = 512;

// Block: a part of a head. A thread has 8 channels of every (threads / (width / 8))th row. Grid: (parts, heads, batch). Shared memory: 8
// KiB.
template <int width>
struct any_sale_mean_parts {
    static constexpr int threads = 256, run = 8, columns = width / run, groups = threads / columns;

    float* sums;  // [batch, heads, parts, width]
    const bf16* x;
    int64_t length, batch_pitch;

    __device__ void operator()() const {
        OTTAVA_SHARED(float, slots, threads* run);
        int column = threadIdx.x % columns * run, group = threadIdx.x / columns;
        int64_t first = static_cast<int64_t>(blockIdx.x) * rows_of_part, end = min(first + rows_of_part, length);
        const bf16* at = x + blockIdx.z * batch_pitch + static_cast<int64_t>(blockIdx.y) * width + column;
        float sum[run] = {};
        for (int64_t row = first + group; row < end; row += groups) {
            float values[run];
            load_run<run>(values, at + row * gridDim.y * width, run, true);
#pragma unroll
            for (int i = 0; i < run; i++) sum[i] += values[i];
        }
#pragma unroll
        for (int i = 0; i < run; i++) slots[group * width + column + i] = sum[i];
        __syncthreads();
        if (threadIdx.x >= width) return;
        float total = 0;
        for (int g = 0; g < groups; g++) total += slots[g * width + threadIdx.x];
        sums[((static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x) * width + threadIdx.x] = total;
    }
};

// A thread makes one mean.
struct any_sale_mean {
    static constexpr int threads = 256;

    float* mean;        // [batch * heads, width]
    const float* sums;  // [batch * heads, parts, width]
    int64_t count;      // of means
    int parts, width;
    float length;

    __device__ void operator()() const {
        int64_t i = grid_thread();
        if (i >= count) return;
        const float* at = sums + i / width * parts * width + i % width;
        float total = 0;
        for (int part = 0; part < parts; part++) total += at[static_cast<int64_t>(part) * width];
        mean[i] = total / length;
    }
};

}  // namespace ottava
