// AdaLomo: what matrices and vectors share, and vectors, many at a time. See ottava/optimizer.h.
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

// A tensor whose step is to be worked out: the sum of squares of its gradient goes to sum_squares, optional; count: its elements.
struct AdaLomoStepRow {
    float* sum_squares;
    double count, weight_decay;
    int32_t first_block;
};

// step[row], from the sums of the row's blocks: partial and, if there is one, update_partial for the sum of u^2. A block of 256 threads for
// each row.
struct any_adalomo_step {
    static constexpr int threads = 256;
    TensorTable<AdaLomoStepRow, 64> tensors;
    const Control* control;
    AdaLomoStep* step;
    const AdaLomoSums* partial;
    const double* update_partial;

    __device__ __forceinline__ void operator()() const {
        int32_t r = static_cast<int32_t>(blockIdx.x), end = r + 1 < tensors.rows ? tensors.row[r + 1].first_block : tensors.blocks;
        AdaLomoStepRow row = tensors.row[r];
        double gradient = 0, weight = 0, update = 0;
        for (int32_t i = row.first_block + static_cast<int32_t>(threadIdx.x); i < end; i += threads) {
            gradient += partial[i].gradient;
            weight += partial[i].weight;
            update += update_partial == nullptr ? partial[i].update : update_partial[i];
        }
        gradient = block_sum(gradient);
        weight = block_sum(weight);
        update = block_sum(update);
        if (threadIdx.x != 0) return;
        if (row.sum_squares != nullptr) row.sum_squares[0] = static_cast<float>(gradient);
        double weight_rms = sqrt(weight / row.count), update_rms = sqrt(update / row.count);
        double rate = static_cast<double>(control->learning_rate) * (weight_rms < 1e-3 ? 1e-3 : weight_rms);
        step[r] = {decay_of(rate, row.weight_decay), static_cast<float>(update_rms <= 1 ? rate : rate / update_rms)};
    }
};

// v > 0 but where the step is beyond counting; the guard keeps 0 / sqrt(0) away.
__device__ __forceinline__ float relative_to(float g, float v) {
    return g / sqrtf(v < 0x1p-126f ? 0x1p-126f : v);
}

template <class W>
struct AdaLomoVector {
    W* weight;
    const float* gradient;
    float* second_moment;
    int64_t count;
    uint32_t tensor;
    int32_t first_block;

    __device__ __forceinline__ bool aligned() const { return all_aligned_16(weight, gradient, second_moment); }
};

template <class W>
using AdaLomoVectors = TensorTable<AdaLomoVector<W>, 64>;

// Updates the second moments and writes partial [blocks]. Grid: the blocks of the table; block: 256 threads.
template <class W>
struct any_adalomo_measure_vectors {
    static constexpr int threads = 256;
    AdaLomoVectors<W> tensors;
    AdaLomoSums* partial;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        double beta = adalomo_beta(c.step);
        float keep = static_cast<float>(beta), rest = static_cast<float>(1.0 - beta);
        int r = tensors.of(blockIdx.x);
        AdaLomoVector<W> row = tensors.row[r];
        auto runs = tensors.runs(r);
        bool aligned = row.aligned();
        AdaLomoSums sums = {};
        for (int64_t i = runs.first; i < row.count; i += runs.step) {
            int64_t left = row.count - i;
            float g[update_run], v[update_run];
            load_run<update_run>(g, row.gradient + i, left, aligned);
            sums.gradient += static_cast<double>(squares_of(g));
            if (c.ok == 0) continue;
            load_run<update_run>(v, row.weight + i, left, aligned);
            sums.weight += static_cast<double>(squares_of(v));
            load_run<update_run>(v, row.second_moment + i, left, aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++) {
                float clipped = clip(g[k], options.max_value, c.coefficient);
                v[k] = keep * v[k] + rest * (clipped * clipped + adalomo_tiny);
                g[k] = relative_to(clipped, v[k]);
            }
            sums.update += static_cast<double>(squares_of(g));
            store_run<update_run>(row.second_moment + i, v, left, aligned);
        }
        sums.gradient = block_sum(sums.gradient);
        sums.weight = block_sum(sums.weight);
        sums.update = block_sum(sums.update);
        if (threadIdx.x == 0) partial[blockIdx.x] = sums;
    }
};

// weight = weight * decay - scale * u, with step[row]. Grid: the blocks of the table; block: 256 threads.
template <class W, bool Stochastic>
struct any_adalomo_apply_vectors {
    static constexpr int threads = 256;
    AdaLomoVectors<W> tensors;
    const AdaLomoStep* step;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        if (c.ok == 0) return;
        int r = tensors.of(blockIdx.x);
        AdaLomoVector<W> row = tensors.row[r];
        auto runs = tensors.runs(r);
        bool aligned = row.aligned();
        AdaLomoStep s = step[r];
        RandomBits random{options.seed, row.tensor, static_cast<uint32_t>(c.step)};
        for (int64_t i = runs.first; i < row.count; i += runs.step) {
            int64_t left = row.count - i;
            float w[update_run], g[update_run], v[update_run];
            load_run<update_run>(w, row.weight + i, left, aligned);
            load_run<update_run>(g, row.gradient + i, left, aligned);
            load_run<update_run>(v, row.second_moment + i, left, aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++)
                w[k] = w[k] * s.decay - s.scale * relative_to(clip(g[k], options.max_value, c.coefficient), v[k]);
            store_weights<Stochastic>(row.weight, i, w, left, aligned, random);
        }
    }
};

}  // namespace ottava
