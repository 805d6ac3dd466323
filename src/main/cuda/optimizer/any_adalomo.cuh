// AdaLomo: what matrices and vectors share, and vectors. See ottava/optimizer.h.
// A vector's update reads the gradient twice, because the size of the whole update decides about each element: once for the second moment
// and the sums of squares, a partial sum for each block, and once for the weight.
#pragma once

#include "any_update.cuh"

namespace ottava {

constexpr float adalomo_tiny = 1e-30f;  // the smallest U, which keeps the root of a second moment from being 0

// What the weight is multiplied by, and u.
struct AdaLomoStep {
    float decay, scale;
};

// The sums of squares of a block's part.
struct AdaLomoSums {
    double gradient, weight, update;
};

// 1 - t^-0.8, worked out by one thread of the block; all call it.
__device__ __forceinline__ double adalomo_beta(int32_t step) {
    OTTAVA_SHARED(double, beta, 1);
    if (threadIdx.x == 0) beta[0] = 1.0 - pow(static_cast<double>(step), -0.8);
    __syncthreads();
    return beta[0];
}

// step[0], from the blocks' sums: partial [blocks] and, if there is one, update_partial [update_blocks] for the sum of u^2; and
// sum_squares, optional, the sum of the squares of the gradient. count: elements of the weight. One block of 256 threads.
struct any_adalomo_step {
    static constexpr int threads = 256;
    const Control* control;
    AdaLomoStep* step;
    float* sum_squares;
    const AdaLomoSums* partial;
    int64_t blocks;
    const double* update_partial;
    int64_t update_blocks;
    double count, weight_decay;

    __device__ __forceinline__ void operator()() const {
        double gradient = 0, weight = 0, update = 0;
        for (int64_t i = threadIdx.x; i < blocks; i += blockDim.x) {
            gradient += partial[i].gradient;
            weight += partial[i].weight;
            update += partial[i].update;
        }
        for (int64_t i = threadIdx.x; i < update_blocks; i += blockDim.x) update += update_partial[i];
        gradient = block_sum(gradient);
        weight = block_sum(weight);
        update = block_sum(update);
        if (threadIdx.x != 0) return;
        if (sum_squares != nullptr) sum_squares[0] = static_cast<float>(gradient);
        double weight_rms = sqrt(weight / count), update_rms = sqrt(update / count);
        double rate = static_cast<double>(control->learning_rate) * (weight_rms < 1e-3 ? 1e-3 : weight_rms);
        step[0] = {decay_of(rate, weight_decay), static_cast<float>(update_rms <= 1 ? rate : rate / update_rms)};
    }
};

// v > 0 but where the step is beyond counting; the guard keeps 0 / sqrt(0) away.
__device__ __forceinline__ float relative_to(float g, float v) {
    return g / sqrtf(v < 0x1p-126f ? 0x1p-126f : v);
}

// Updates second_moment and writes partial [blocks]. weight: [count] of W; gradient, second_moment: F32 [count]. Any number of blocks of
// 256.
template <class W>
struct any_adalomo_measure_vector {
    static constexpr int threads = 256;
    const W* weight;
    const float* gradient;
    float* second_moment;
    AdaLomoSums* partial;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        double beta = adalomo_beta(c.step);
        float keep = static_cast<float>(beta), rest = static_cast<float>(1.0 - beta);
        AdaLomoSums sums = {};
        for (int64_t i = grid_thread() * update_run; i < options.count; i += grid_threads() * update_run) {
            int64_t left = options.count - i;
            float g[update_run], v[update_run];
            load_run<update_run>(g, gradient + i, left, options.aligned);
            sums.gradient += static_cast<double>(squares_of(g));
            if (c.ok == 0) continue;
            load_run<update_run>(v, weight + i, left, options.aligned);
            sums.weight += static_cast<double>(squares_of(v));
            load_run<update_run>(v, second_moment + i, left, options.aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++) {
                float clipped = clip(g[k], options.max_value, c.coefficient);
                v[k] = keep * v[k] + rest * (clipped * clipped + adalomo_tiny);
                g[k] = relative_to(clipped, v[k]);
            }
            sums.update += static_cast<double>(squares_of(g));
            store_run<update_run>(second_moment + i, v, left, options.aligned);
        }
        sums.gradient = block_sum(sums.gradient);
        sums.weight = block_sum(sums.weight);
        sums.update = block_sum(sums.update);
        if (threadIdx.x == 0) partial[blockIdx.x] = sums;
    }
};

// weight = weight * decay - scale * u. Any number of blocks of 256.
template <class W, bool Stochastic>
struct any_adalomo_apply_vector {
    static constexpr int threads = 256;
    W* weight;
    const float* gradient;
    const float* second_moment;
    const AdaLomoStep* step;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        if (c.ok == 0) return;
        AdaLomoStep s = *step;
        RandomBits random{options.seed, options.tensor, static_cast<uint32_t>(c.step)};
        for (int64_t i = grid_thread() * update_run; i < options.count; i += grid_threads() * update_run) {
            int64_t left = options.count - i;
            float w[update_run], g[update_run], v[update_run];
            load_run<update_run>(w, weight + i, left, options.aligned);
            load_run<update_run>(g, gradient + i, left, options.aligned);
            load_run<update_run>(v, second_moment + i, left, options.aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++)
                w[k] = w[k] * s.decay - s.scale * relative_to(clip(g[k], options.max_value, c.coefficient), v[k]);
            store_weights<Stochastic>(weight, i, w, left, options.aligned, random);
        }
    }
};

}  // namespace ottava
