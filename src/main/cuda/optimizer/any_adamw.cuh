// AdamW of many tensors, whatever weights and moments are stored as. See ottava/optimizer.h.
// Grid: the blocks of the table; block: 256 threads. Every byte is read once and written once. Shared memory: 268 bytes.
#pragma once

#include "any_update.cuh"
#include "coat.cuh"

namespace ottava {

// The F32 weight: alone, rounded stochastically to BF16, or split into a rounded upper and a signed lower half.
struct FullWeight {
    float* weight;

    __device__ __forceinline__ bool aligned() const { return all_aligned_16(weight); }
    __device__ __forceinline__ void load(float* w, int64_t i, int64_t count, bool aligned) const {
        load_run<update_run>(w, weight + i, count, aligned);
    }
    __device__ __forceinline__ void store(const float* w, int64_t i, int64_t count, bool aligned, RandomBits) const {
        store_run<update_run>(weight + i, w, count, aligned);
    }
};

struct RoundedWeight {
    bf16* weight;

    __device__ __forceinline__ bool aligned() const { return all_aligned_16(weight); }
    __device__ __forceinline__ void load(float* w, int64_t i, int64_t count, bool aligned) const {
        load_run<update_run>(w, weight + i, count, aligned);
    }
    __device__ __forceinline__ void store(const float* w, int64_t i, int64_t count, bool aligned, RandomBits random) const {
        store_weights<true>(weight, i, w, count, aligned, random);
    }
};

struct SplitWeight {
    bf16* weight;
    bf16* low_bits;  // I16 in truth; its bits alone are used

    __device__ __forceinline__ bool aligned() const { return all_aligned_16(weight, low_bits); }
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
    __device__ __forceinline__ void store(const float* w, int64_t i, int64_t count, bool aligned, RandomBits) const {
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

// A run of the first and one of the second moment.
template <class T>
struct PlainMoments {
    T* first;
    T* second;

    static constexpr bool keeps_finite = false;
    __device__ __forceinline__ bool aligned() const { return all_aligned_16(first, second); }
    __device__ __forceinline__ void load(float* m, float* v, int64_t i, int64_t left, bool aligned) const {
        load_run<update_run>(m, first + i, left, aligned);
        load_run<update_run>(v, second + i, left, aligned);
    }
    __device__ __forceinline__ void store(const float* m, const float* v, int64_t i, int64_t left, bool aligned, RandomBits random) const {
        constexpr bool rounded = sizeof(T) == 2;
        store_weights<rounded>(first, i, m, left, aligned, {random.seed, random.tensor + (1u << 30), random.step});
        store_weights<rounded>(second, i, v, left, aligned, {random.seed, random.tensor + (1u << 31), random.step});
    }
};

struct CoatMoments {
    CoatMoment first, second;

    static constexpr bool keeps_finite = true;
    __device__ __forceinline__ bool aligned() const { return true; }
    __device__ __forceinline__ void load(float* m, float* v, int64_t i, int64_t left, bool) const {
        first.load(m, i, left);
        second.load(v, i, left);
    }
    __device__ __forceinline__ void store(const float* m, const float* v, int64_t i, int64_t left, bool, RandomBits) const {
        first.store(m, i, left, 16);
        second.store(v, i, left, 64);
    }
};

__device__ __forceinline__ bool is_finite(float x) {
    return (float_to_bits(x) & 0x7fffffffu) < 0x7f800000u;
}

template <class Weight, class Moments, class G>
struct AdamWRow {
    Weight weight;
    Moments moments;
    const G* gradient;
    int64_t count;
    double weight_decay;
    uint32_t tensor;
    int32_t first_block;
};

template <class Weight, class Moments, class G>
struct any_adamw_update {
    static constexpr int threads = 256, least_blocks = 2;  // with three, some would spill
    using Row = AdamWRow<Weight, Moments, G>;
    TensorTable<Row, 48> tensors;
    double beta1, beta2;
    float epsilon;
    UpdateOptions options;

    __device__ __forceinline__ void operator()() const {
        OTTAVA_SHARED(float, factors, 3);
        Control c = *options.control;
        double* partial = options.partial;
        if (c.ok == 0 && partial == nullptr) return;
        int r = tensors.of(blockIdx.x);
        Row row = tensors.row[r];
        auto runs = tensors.runs(r);
        if (threadIdx.x == 0) {
            double rate = static_cast<double>(c.learning_rate), t = static_cast<double>(c.step);
            factors[0] = static_cast<float>(rate / (1.0 - pow(beta1, t)));
            factors[1] = static_cast<float>(1.0 / (1.0 - pow(beta2, t)));
            factors[2] = decay_of(rate, row.weight_decay);
        }
        __syncthreads();
        float rate = factors[0], correction = factors[1], decay = factors[2];
        float b1 = static_cast<float>(beta1), r1 = static_cast<float>(1.0 - beta1);
        float b2 = static_cast<float>(beta2), r2 = static_cast<float>(1.0 - beta2);
        bool aligned = all_aligned_16(row.gradient) && row.weight.aligned() && row.moments.aligned();
        RandomBits random{options.seed, row.tensor, static_cast<uint32_t>(c.step)};
        double sum = 0;
        // A warp goes on until its first lane is through: the lanes of a group of moments work together.
        for (int64_t i = runs.first; i - threadIdx.x % 32 * update_run < row.count; i += runs.step) {
            int64_t left = row.count - i;
            float g[update_run], m[update_run], v[update_run], w[update_run];
            load_run<update_run>(g, row.gradient + i, left, aligned);
            if (partial != nullptr) sum += static_cast<double>(squares_of(g));
            if (c.ok == 0) continue;
            row.moments.load(m, v, i, left, aligned);
            row.weight.load(w, i, left, aligned);
#pragma unroll
            for (int k = 0; k < update_run; k++) {
                float clipped = clip(g[k], options.max_value, c.coefficient);
                float next_m = b1 * m[k] + r1 * clipped;
                float next_v = b2 * v[k] + r2 * (clipped * clipped);
                w[k] = w[k] * decay - rate * next_m / (sqrtf(next_v * correction) + epsilon);
                if constexpr (Moments::keeps_finite) {
                    bool finite = is_finite(next_m) && is_finite(next_v);
                    next_m = finite ? next_m : m[k];
                    next_v = finite ? next_v : v[k];
                }
                m[k] = next_m;
                v[k] = next_v;
            }
            row.moments.store(m, v, i, left, aligned, random);
            row.weight.store(w, i, left, aligned, random);
        }
        if (partial == nullptr) return;
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[blockIdx.x] = sum;
    }
};

}  // namespace ottava
