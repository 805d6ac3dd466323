// What the updates of parameters share: the control block, the clipped gradient, random bits, and the rounded store of a run of weights.
// See ottava/optimizer.h.
#pragma once

#include "../common/reduce.cuh"

namespace ottava {

constexpr int update_run = 8;  // elements to a Philox counter

struct Control {
    float learning_rate, coefficient, gradient_norm;
    int32_t ok, step;
    float loss_scale;
    double loss;
};
static_assert(sizeof(Control) == 32);

// What turns a gradient into g: the clamp, then the coefficient. A NaN fails both comparisons and stays.
__device__ __forceinline__ float clip(float g, float max_value, float coefficient) {
    g = g > max_value ? max_value : g;
    g = g < -max_value ? -max_value : g;
    return g * coefficient;
}

// LOMO, each product and the difference rounded: a compiler that added up a product unrounded here and not there would give other bits to
// the fused and the standalone update.
__device__ __forceinline__ float lomo_of(float weight, float decay, float rate, float g) {
    return __fsub_rn(__fmul_rn(weight, decay), __fmul_rn(rate, g));
}

// In double, as 1 - learning_rate * weight_decay of F32 would round the decay away.
__device__ __forceinline__ float decay_of(double learning_rate, double weight_decay) {
    return static_cast<float>(1.0 - learning_rate * weight_decay);
}

// Words of 16-bit halves, low half first.
struct Halves {
    uint32_t word[4];
};

// Philox4x32-10 (Salmon et al., 2011). unrolled: how many rounds at a time; 1 keeps what is seldom run out of the instruction cache.
template <int unrolled = 10>
__device__ __forceinline__ Halves philox(uint64_t seed, uint64_t counter, uint32_t c2, uint32_t c3) {
    uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
    uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32);
#pragma unroll unrolled
    for (int round = 0; round < 10; round++) {
        uint64_t left = static_cast<uint64_t>(c0) * 0xd2511f53u, right = static_cast<uint64_t>(c2) * 0xcd9e8d57u;
        c0 = static_cast<uint32_t>(right >> 32) ^ c1 ^ key0;
        c2 = static_cast<uint32_t>(left >> 32) ^ c3 ^ key1;
        c1 = static_cast<uint32_t>(right);
        c3 = static_cast<uint32_t>(left);
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
    return {{c0, c1, c2, c3}};
}

// A table of tensors among a kernel's parameters: blocks first_block to the next row's belong to the tensor of a row. `Row` has
// `first_block` and `count`.
template <class Row, int N>
struct TensorTable {
    static constexpr int capacity = N;
    Row row[N];
    int32_t rows, blocks;

    // The row of the block, by bisection.
    __device__ __forceinline__ int of(uint32_t block) const {
        int low = 0, high = rows;
        while (high - low > 1) {
            int middle = (low + high) / 2;
            if (row[middle].first_block <= static_cast<int32_t>(block)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }
    // How the blocks of a row go over its elements, a run at a time. All lanes of a warp take as many turns: `i` may be beyond the tensor.
    struct Runs {
        int64_t first, step;
    };
    __device__ __forceinline__ Runs runs(int r) const {
        int32_t next = r + 1 < rows ? row[r + 1].first_block : blocks;
        int64_t threads = blockDim.x, block = static_cast<int32_t>(blockIdx.x) - row[r].first_block;
        return {(block * threads + threadIdx.x) * update_run, (next - row[r].first_block) * threads * update_run};
    }
};

// Whether 16 bytes can be accessed at once at all the addresses.
template <class... Pointers>
__device__ __forceinline__ bool all_aligned_16(const Pointers*... pointers) {
    return ((reinterpret_cast<uintptr_t>(pointers) | ...) & 15u) == 0;
}

// Where the sums of squares of the gradients go: partial sums of blocks, added up by any_finish_sums.
struct SumRow {
    float* out;  // or null
    int32_t first_block;
};

template <int N>
struct SumTable {
    SumRow row[N];
    int32_t rows, blocks;
};

// Random bits of the elements of a tensor in a step.
struct RandomBits {
    uint64_t seed;
    uint32_t tensor, step;

    // Those of elements i, ..., i + 7.
    __device__ __forceinline__ Halves of(int64_t i) const {
        uint64_t counter = static_cast<uint64_t>(i) / 8;
        Halves low = philox(seed, counter, tensor, step);
        if (i % 8 == 0) return low;
        Halves high = philox(seed, counter + 1, tensor, step);
        uint32_t w[8] = {low.word[0], low.word[1], low.word[2], low.word[3], high.word[0], high.word[1], high.word[2], high.word[3]};
        // Moves i % 8 halves out, by 4, 2 and 1, so that no index depends on i and the words stay in registers.
        if (i & 4) {
#pragma unroll
            for (int k = 0; k < 6; k++) w[k] = w[k + 2];
        }
        if (i & 2) {
#pragma unroll
            for (int k = 0; k < 5; k++) w[k] = w[k + 1];
        }
        if (i & 1) {
#pragma unroll
            for (int k = 0; k < 4; k++) w[k] = w[k] >> 16 | w[k + 1] << 16;
        }
        return {{w[0], w[1], w[2], w[3]}};
    }
};

// Rounds up, away from zero, with a probability equal to the part cut off; infinities stay, a NaN becomes a quiet NaN.
__device__ __forceinline__ uint16_t round_stochastic(float value, uint32_t random) {
    uint32_t bits = float_to_bits(value);
    return static_cast<uint16_t>(is_nan_bits(bits) ? bits >> 16 | 0x40u : (bits + random) >> 16);
}

// weight[i ...] = value, of the first `count` of a run; i is also the number of their random bits.
template <bool Stochastic, class W>
__device__ __forceinline__ void store_weights(W* weight, int64_t i, const float* value, int64_t count, bool aligned, RandomBits random) {
    if constexpr (Stochastic) {
        static_assert(sizeof(W) == 2, "an F32 weight is not rounded");
        Halves halves = random.of(i);
        uint16_t bits[update_run];
#pragma unroll
        for (int k = 0; k < update_run; k++) bits[k] = round_stochastic(value[k], halves.word[k / 2] >> k % 2 * 16 & 0xffffu);
        store_bits<update_run>(weight + i, bits, count, aligned);
    } else {
        store_run<update_run>(weight + i, value, count, aligned);
    }
}

__device__ __forceinline__ float squares_of(const float* x) {
    float sum = 0;
#pragma unroll
    for (int k = 0; k < update_run; k++) sum += x[k] * x[k];
    return sum;
}

}  // namespace ottava
