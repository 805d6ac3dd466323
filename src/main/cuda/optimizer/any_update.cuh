// The coefficient of clipping, LOMO and AdamW. See ottava/optimizer.h.
// Grid: one-dimensional, any size (with partial sums: as many as there is room for); block: 256 threads. Every byte is read once and
// written once; the sums of squares of the gradient are taken on the way, a partial sum for each block. Shared memory: 256 bytes.
#pragma once

#include "update.cuh"

namespace ottava {

// sums: F32 [count]. One block.
struct any_clip_coefficient {
    static constexpr int threads = 256;
    Control* control;
    const float* sums;
    int64_t count;
    double max_norm;

    __device__ __forceinline__ void operator()() const {
        double total = 0;
        for (int64_t i = threadIdx.x; i < count; i += blockDim.x) total += static_cast<double>(sums[i]);
        total = block_sum(total);
        if (threadIdx.x != 0) return;
        double norm = sqrt(total), coefficient = max_norm / (norm + 1e-6);
        control->gradient_norm = static_cast<float>(norm);
        control->coefficient = max_norm == 0 || coefficient > 1 ? 1.0f : static_cast<float>(coefficient);
        if (!(control->gradient_norm <= 0x1.fffffep127f)) control->ok = 0;
    }
};

// What every update is told besides its tensors.
struct UpdateOptions {
    const Control* control;
    int64_t count;
    double weight_decay;
    float max_value;  // infinity: no clamp
    uint64_t seed;
    uint32_t tensor;
    bool aligned;
};

// weight: [count] of W; gradient: [count] of G; partial: F64 [blocks], or null.
template <class W, class G, bool Stochastic>
struct any_lomo_update {
    static constexpr int threads = 256;
    W* weight;
    const G* gradient;
    double* partial;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        Control c = *options.control;
        if (c.ok == 0 && partial == nullptr) return;
        float decay = decay_of(static_cast<double>(c.learning_rate), options.weight_decay);
        RandomBits random{options.seed, options.tensor, static_cast<uint32_t>(c.step)};
        double sum = 0;
        for (int64_t i = grid_thread() * update_run; i < options.count; i += grid_threads() * update_run) {
            int64_t left = options.count - i;
            float g[update_run], w[update_run];
            load_run<update_run>(g, gradient + i, left, options.aligned);
            if (partial != nullptr) sum += static_cast<double>(squares_of(g));
            if (c.ok == 0) continue;
            load_run<update_run>(w, weight + i, left, options.aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++) w[k] = lomo_of(w[k], decay, c.learning_rate, clip(g[k], options.max_value, c.coefficient));
            store_weights<Stochastic>(weight, i, w, left, options.aligned, random);
        }
        if (partial == nullptr) return;
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    }
};

// An F32 weight, or its rounded upper and its signed lower half.
struct FullWeight {
    float* weight;

    __device__ __forceinline__ void load(float* w, int64_t i, int64_t count, bool aligned) const {
        load_run<update_run>(w, weight + i, count, aligned);
    }
    __device__ __forceinline__ void store(const float* w, int64_t i, int64_t count, bool aligned) const {
        store_run<update_run>(weight + i, w, count, aligned);
    }
};

struct SplitWeight {
    bf16* weight;
    bf16* low_bits;  // I16 in truth; its bits alone are used

    __device__ __forceinline__ void load(float* w, int64_t i, int64_t count, bool aligned) const {
        float low[update_run];
        load_run<update_run>(w, weight + i, count, aligned);
        load_run<update_run>(low, low_bits + i, count, aligned);
#pragma unroll
        for (int k = 0; k < update_run; k++) {
            int32_t signed_low = static_cast<int32_t>(float_to_bits(low[k])) >> 16;
            w[k] = bits_to_float(float_to_bits(w[k]) + static_cast<uint32_t>(signed_low));
        }
    }
    __device__ __forceinline__ void store(const float* w, int64_t i, int64_t count, bool aligned) const {
        uint16_t high[update_run], low[update_run];
#pragma unroll
        for (int k = 0; k < update_run; k++) {
            uint32_t bits = float_to_bits(w[k]);
            if (is_nan_bits(bits)) bits = 0x7fc00000u;  // the one NaN whose upper half is a NaN too
            high[k] = static_cast<uint16_t>((bits + 0x8000u) >> 16);
            low[k] = static_cast<uint16_t>(bits);
        }
        store_bits<update_run>(weight + i, high, count, aligned);
        store_bits<update_run>(low_bits + i, low, count, aligned);
    }
};

// gradient, first_moment, second_moment: F32 [count]; partial: F64 [blocks], or null.
template <class Weight>
struct any_adamw_update {
    static constexpr int threads = 256;
    Weight weight;
    const float* gradient;
    float* first_moment;
    float* second_moment;
    double* partial;
    double beta1, beta2;
    float epsilon;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(float, factors, 3);
        Control c = *options.control;
        if (c.ok == 0 && partial == nullptr) return;
        if (threadIdx.x == 0) {
            double rate = static_cast<double>(c.learning_rate), t = static_cast<double>(c.step);
            factors[0] = static_cast<float>(rate / (1.0 - pow(beta1, t)));
            factors[1] = static_cast<float>(1.0 / (1.0 - pow(beta2, t)));
            factors[2] = decay_of(rate, options.weight_decay);
        }
        __syncthreads();
        float rate = factors[0], correction = factors[1], decay = factors[2];
        float b1 = static_cast<float>(beta1), r1 = static_cast<float>(1.0 - beta1);
        float b2 = static_cast<float>(beta2), r2 = static_cast<float>(1.0 - beta2);
        double sum = 0;
        for (int64_t i = grid_thread() * update_run; i < options.count; i += grid_threads() * update_run) {
            int64_t left = options.count - i;
            float g[update_run], m[update_run], v[update_run];
            load_run<update_run>(g, gradient + i, left, options.aligned);
            if (partial != nullptr) sum += static_cast<double>(squares_of(g));
            if (c.ok == 0) continue;
            load_run<update_run>(m, first_moment + i, left, options.aligned);
            load_run<update_run>(v, second_moment + i, left, options.aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++) {
                float clipped = clip(g[k], options.max_value, c.coefficient);
                m[k] = b1 * m[k] + r1 * clipped;
                v[k] = b2 * v[k] + r2 * (clipped * clipped);
            }
            store_run<update_run>(first_moment + i, m, left, options.aligned);
            store_run<update_run>(second_moment + i, v, left, options.aligned);
            weight.load(g, i, left, options.aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++) g[k] = g[k] * decay - rate * m[k] / (sqrtf(v[k] * correction) + epsilon);
            weight.store(g, i, left, options.aligned);
        }
        if (partial == nullptr) return;
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    }
};

}  // namespace ottava
