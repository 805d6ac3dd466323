// Puts the partial results of any_attention_forward together, in the order of the splits: out = sum_s w_s out_s with w_s = exp(l_s - l),
// l = log sum_s exp(l_s).
//
// Block: 4 warps, a row of [batch, query_length, heads] each; a lane has four elements of the head. No shared memory.
#pragma once

#include "warp_products.cuh"

namespace ottava {

template <class T>
struct any_attention_combine {
    static constexpr int threads = 128;

    T* out;
    float* log_sum_exp;         // may be null
    const float* partial_out;   // [splits, rows, head_dim]
    const float* partial_sums;  // [splits, batch, heads, query_length]
    int64_t rows;
    int splits, heads, query_length, head_dim;

    __device__ void operator()() const {
        int64_t row = static_cast<int64_t>(blockIdx.x) * (threads / 32) + threadIdx.x / 32;
        int column = threadIdx.x % 32 * 4;
        if (row >= rows || column >= head_dim) return;
        int64_t query = row / heads, head = row % heads;
        int64_t sum_at = (query / query_length * heads + head) * query_length + query % query_length;
        float maximum = -INFINITY;
        for (int split = 0; split < splits; split++) maximum = fmaxf(maximum, partial_sums[split * rows + sum_at]);
        float base = maximum == -INFINITY ? 0 : maximum, total = 0;  // no split may have a listed key that the row sees
        float4 sum = make_float4(0, 0, 0, 0);
        for (int split = 0; split < splits; split++) {
            float weight = exp2f((partial_sums[split * rows + sum_at] - base) * 1.44269504088896341f);
            float4 part = *reinterpret_cast<const float4*>(partial_out + (split * rows + row) * head_dim + column);
            total += weight;
            sum.x = fmaf(weight, part.x, sum.x);
            sum.y = fmaf(weight, part.y, sum.y);
            sum.z = fmaf(weight, part.z, sum.z);
            sum.w = fmaf(weight, part.w, sum.w);
        }
        if (total == 0) total = 1;
        T* to = out + row * head_dim + column;
        store_pair(to, sum.x / total, sum.y / total);
        store_pair(to + 2, sum.z / total, sum.w / total);
        if (log_sum_exp != nullptr && column == 0) log_sum_exp[sum_at] = maximum + logf(total);
    }
};

}  // namespace ottava
