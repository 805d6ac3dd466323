// The largest of some numbers and the sum of their exponentials in one pass (online softmax: Milakov and Gimelshein, 2018).
#pragma once

#include "../common/reduce.cuh"

namespace ottava {

struct OnlineSoftmax {
    // Not -inf, so that a thread of -inf alone (forbidden tokens) adds 0 and not exp(-inf + inf).
    static constexpr float least = -0x1.fffffep127f;
    float largest = least;
    float sum = 0;  // of exp(x - largest)

    // Adds the first N numbers at x, of which there are count.
    template <int N>
    __device__ __forceinline__ void add(const float* x, int64_t count, bool aligned) {
        float value[N];
        load_run<N>(value, x, count, aligned);
        float before = largest;
#pragma unroll
        for (int k = 0; k < N; k++)
            if (k < count) largest = Maximum()(value[k], largest);
        sum *= expf(before - largest);
#pragma unroll
        for (int k = 0; k < N; k++)
            if (k < count) sum += expf(value[k] - largest);
    }

    // Combines those of the block's threads; every thread has to call it.
    __device__ __forceinline__ void reduce() {
        float maximum = block_reduce<Maximum>(largest, least);
        sum = block_sum(sum * expf(largest - maximum));
        largest = maximum;
    }

    __device__ __forceinline__ void merge(float other_largest, float other_sum) {
        float maximum = Maximum()(largest, other_largest);
        sum = other_sum * expf(other_largest - maximum) + sum * expf(largest - maximum);
        largest = maximum;
    }
};

}  // namespace ottava
