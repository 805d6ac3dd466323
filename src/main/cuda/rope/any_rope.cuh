// Rotary position embedding, in place. See ottava/rope.h.
// Grid: any number of blocks, one per token; block: up to 256 threads; no shared memory. A thread rotates a run of pairs of a head.
#pragma once

#include "../common/elements.cuh"

namespace ottava {

// x: [tokens, heads, 2 half] of T, tokens row_pitch apart. cosine, sine: F32, [positions, half].
template <class T>
struct any_rope {
    static constexpr int threads = 256;
    static constexpr int run = Packet<T>::width;
    T* x;
    const float* cosine;
    const float* sine;
    int64_t row_pitch, tokens, sequence, first_position;
    int32_t heads, half;
    float direction;  // -1 rotates back
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        int32_t runs = (half + run - 1) / run;
        for (int64_t t = blockIdx.x; t < tokens; t += gridDim.x) {
            int64_t table = (first_position + t % sequence) * half;
            for (int32_t at = static_cast<int32_t>(threadIdx.x); at < heads * runs; at += static_cast<int32_t>(blockDim.x)) {
                int32_t head = at / runs, i = (at - head * runs) * run, count = half - i;
                T* low = x + t * row_pitch + static_cast<int64_t>(head) * 2 * half + i;
                float a[run], b[run], c[run], s[run];
                load_run<run>(a, low, count, aligned);
                load_run<run>(b, low + half, count, aligned);
                load_run<run>(c, cosine + table + i, count, aligned);
                load_run<run>(s, sine + table + i, count, aligned);
#pragma unroll
                for (int k = 0; k < run; k++) {
                    float turn = direction * s[k], from = a[k];
                    a[k] = from * c[k] - b[k] * turn;
                    b[k] = b[k] * c[k] + from * turn;
                }
                store_run<run>(low, a, count, aligned);
                store_run<run>(low + half, b, count, aligned);
            }
        }
    }
};

}  // namespace ottava
