// Cross-entropy of rows of logits. See ottava/loss.h.
// Block: 32 to 512 threads; shared memory: 256 bytes. A row is read once for the maximum and the sum of exponentials together (online
// softmax: Milakov and Gimelshein, 2018), and once more, mostly from L2, for the gradient.
#pragma once

#include "online_softmax.cuh"

namespace ottava {

// losses: F32 [rows]; d_logits: [rows, vocabulary] of D, or null; logits: F32 [rows, vocabulary], may be d_logits; targets: I32 [rows];
// scale: F32, one. A target beyond the vocabulary gives a loss of NaN. Grid: any number of blocks, one per row.
template <class D>
struct any_cross_entropy {
    static constexpr int threads = 512;
    static constexpr int run = 8;
    float* losses;
    D* d_logits;
    const float* logits;
    const int32_t* targets;
    const float* scale;
    int64_t rows, vocabulary;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int64_t first = static_cast<int64_t>(threadIdx.x) * run, stride = static_cast<int64_t>(blockDim.x) * run;
        for (int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
            const float* x = logits + i * vocabulary;
            int64_t target = targets[i];
            if (target < 0) {
                mask(i, first, stride);
                continue;
            }
            OnlineSoftmax softmax;
            for (int64_t j = first; j < vocabulary; j += stride) softmax.add<run>(x + j, vocabulary - j, aligned);
            softmax.reduce();
            float maximum = softmax.largest, sum = softmax.sum;
            float at_target = target < vocabulary ? x[target] : NAN;
            if (threadIdx.x == 0) losses[i] = logf(sum) + (maximum - at_target);
            if (d_logits == nullptr) continue;
            __syncthreads();  // all have the logit of the target; in place it is overwritten now
            float all = *scale;
            for (int64_t j = first; j < vocabulary; j += stride) {
                float value[run];
                load_run<run>(value, x + j, vocabulary - j, aligned);
#pragma unroll
                for (int k = 0; k < run; k++) value[k] = (expf(value[k] - maximum) / sum - (j + k == target ? 1.0f : 0.0f)) * all;
                store_run<run>(d_logits + i * vocabulary + j, value, vocabulary - j, aligned);
            }
        }
    }

  private:
    __device__ __forceinline__ void mask(int64_t i, int64_t first, int64_t stride) const {
        if (threadIdx.x == 0) losses[i] = 0;
        if (d_logits == nullptr) return;
        float zero[run] = {};
        for (int64_t j = first; j < vocabulary; j += stride) store_run<run>(d_logits + i * vocabulary + j, zero, vocabulary - j, aligned);
    }
};

}  // namespace ottava
