// Cross-entropy over tiles of the vocabulary. See ottava/loss.h.
#pragma once

#include "online_softmax.cuh"

namespace ottava {

// losses: F32 [rows]; running: F32 [rows, 3]; logits: F32 [rows, columns], those of the vocabulary from `start`; targets: I32 [rows]. A
// target beyond the vocabulary gives a loss of NaN. Grid: any number of blocks, one per row; block: 32 to 512 threads; shared memory: 256
// bytes.
struct any_cross_entropy_tile {
    static constexpr int threads = 512;
    static constexpr int run = 8;
    float* losses;
    float* running;
    const float* logits;
    const int32_t* targets;
    int64_t rows, vocabulary, start, columns;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int64_t first = static_cast<int64_t>(threadIdx.x) * run, stride = static_cast<int64_t>(blockDim.x) * run;
        for (int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
            const float* x = logits + i * columns;
            OnlineSoftmax softmax;
            for (int64_t j = first; j < columns; j += stride) softmax.add<run>(x + j, columns - j, aligned);
            softmax.reduce();
            if (threadIdx.x != 0) continue;
            float* row = running + i * 3;
            int64_t target = targets[i], at = target - start;
            float at_target = target < vocabulary ? 0 : NAN;
            if (start > 0) {
                softmax.merge(row[0], row[1]);
                at_target = row[2];
            }
            if (at >= 0 && at < columns) at_target = x[at];
            row[0] = softmax.largest;
            row[1] = softmax.sum;
            row[2] = at_target;
            losses[i] = target < 0 ? 0 : logf(softmax.sum) + (softmax.largest - at_target);
        }
    }
};

// d_logits: [rows, columns] of D; may be logits. running: of the whole vocabulary; scale: F32, one. Grid: any number of blocks, one per
// row; block: 32 to 512 threads; no shared memory.
template <class D>
struct any_cross_entropy_tile_gradient {
    static constexpr int threads = 512;
    static constexpr int run = 8;
    D* d_logits;
    const float* logits;
    const int32_t* targets;
    const float* running;
    const float* scale;
    int64_t rows, start, columns;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int64_t first = static_cast<int64_t>(threadIdx.x) * run, stride = static_cast<int64_t>(blockDim.x) * run;
        for (int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
            const float* row = running + i * 3;
            int64_t target = targets[i], at = target - start;
            // A masked row is zero whatever its logits are, NaN too.
            float maximum = row[0], sum = row[1], all = *scale;
            for (int64_t j = first; j < columns; j += stride) {
                float value[run];
                load_run<run>(value, logits + i * columns + j, columns - j, aligned);
#pragma unroll
                for (int k = 0; k < run; k++)
                    value[k] = target < 0 ? 0.0f : (expf(value[k] - maximum) / sum - (j + k == at ? 1.0f : 0.0f)) * all;
                store_run<run>(d_logits + i * columns + j, value, columns - j, aligned);
            }
        }
    }
};

}  // namespace ottava
