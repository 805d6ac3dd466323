// LOMO of an FP8 weight with a scale per block of 128 x 128. See ottava/fused_lomo.h.
// A block of 256 threads has a block of the weight: a thread eight rows, 16 apart, of eight columns each, in registers, so that everything
// is read once. Grid: one-dimensional, a block for each of the weight, row by row. Shared memory: 512 bytes.
#pragma once

#include "any_update.cuh"
#include "fp8_weight.cuh"

namespace ottava {

template <class G>
struct any_lomo_update_fp8 {
    static constexpr int threads = 256;
    static constexpr int block = 128, runs = 8;

    uint8_t* codes;
    int64_t pitch;
    float* scales;
    const G* gradient;
    int64_t rows, columns;
    double weight_decay;
    uint32_t tensor;
    bool stochastic, power_of_two, aligned;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        double* partial = options.partial;
        if (c.ok == 0 && partial == nullptr) return;
        int64_t across = (columns + block - 1) / block;
        int64_t row = blockIdx.x / across * block + threadIdx.x / 16, column = blockIdx.x % across * block + threadIdx.x % 16 * update_run;
        int64_t left = columns - column;
        float decay = decay_of(static_cast<double>(c.learning_rate), weight_decay), before = scales[blockIdx.x];
        float w[runs][update_run];
        uint32_t largest = 0;
        double sum = 0;
#pragma unroll
        for (int r = 0; r < runs; r++) {
            int64_t i = row + 16 * r;
            float g[update_run];
            load_run<update_run>(g, gradient + i * columns + column, i < rows ? left : 0, aligned);
            if (partial != nullptr) sum += static_cast<double>(squares_of(g));
            if (c.ok == 0) continue;
            uint2 eight = i < rows && left > 0 ? *reinterpret_cast<const uint2*>(codes + i * pitch + column) : make_uint2(0, 0);
            float4 low = ptx::to_float4<e4m3>(eight.x), high = ptx::to_float4<e4m3>(eight.y);
            float old[update_run] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
            for (int k = 0; k < update_run; k++) {
                float updated = lomo_of(old[k] * before, decay, c.learning_rate, clip(g[k], options.max_value, c.coefficient));
                w[r][k] = i < rows && k < left ? updated : 0.0f;
                largest = max(largest, magnitude_bits(w[r][k]));
            }
        }
        if (partial != nullptr) {
            sum = block_sum(sum);
            if (threadIdx.x == 0) partial[blockIdx.x] = sum;
        }
        if (c.ok == 0) return;
        // All have read the scale when this returns.
        float after = weight_scale_of(block_reduce<Maximum>(largest, 0u), power_of_two);
        if (threadIdx.x == 0) scales[blockIdx.x] = after;
        ExactDivision divided(after);
        RandomBits random{options.seed, tensor, static_cast<uint32_t>(c.step)};
#pragma unroll
        for (int r = 0; r < runs; r++) {
            int64_t i = row + 16 * r;
            if (i >= rows || column >= filled_up(columns)) continue;
            Halves halves = {};
            if (stochastic) halves = random.of(i * columns + column);
            uint32_t pairs[4];
#pragma unroll
            for (int k = 0; k < update_run; k += 2) {
                uint32_t pair = e4m3_pair(divided(w[r][k]), divided(w[r][k + 1]), stochastic, halves.word[k / 2]);
                pairs[k / 2] = pair & (left > k + 1 ? 0xffffu : left > k ? 0xffu : 0u);
            }
            *reinterpret_cast<uint2*>(codes + i * pitch + column) = make_uint2(pairs[0] | pairs[1] << 16, pairs[2] | pairs[3] << 16);
        }
    }
};

}  // namespace ottava
