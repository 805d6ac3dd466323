// SwiGLU. See ottava/activation.h.
// Grid: one-dimensional, any size; block: 256 threads; no shared memory. Every byte is read once and written once.
#pragma once

#include "../common/elements.cuh"

namespace ottava {

// y = silu(gate) * up, all [count]; y may be gate or up.
template <class T>
struct any_swiglu_forward {
    static constexpr int threads = 256;
    static constexpr int run = Packet<T>::width;
    T* y;
    const T* gate;
    const T* up;
    int64_t count;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        for (int64_t i = grid_thread() * run; i < count; i += grid_threads() * run) {
            float x[run], u[run];
            load_run<run>(x, gate + i, count - i, aligned);
            load_run<run>(u, up + i, count - i, aligned);
#pragma unroll
            for (int k = 0; k < run; k++) u[k] *= x[k] / (1.0f + expf(-x[k]));
            store_run<run>(y + i, u, count - i, aligned);
        }
    }
};

// d_gate, d_up of d_y, all [count]; d_gate may be gate and d_up may be up.
template <class T>
struct any_swiglu_backward {
    static constexpr int threads = 256;
    static constexpr int run = Packet<T>::width;
    T* d_gate;
    T* d_up;
    const T* d_y;
    const T* gate;
    const T* up;
    int64_t count;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        for (int64_t i = grid_thread() * run; i < count; i += grid_threads() * run) {
            float x[run], u[run], d[run];
            load_run<run>(x, gate + i, count - i, aligned);
            load_run<run>(u, up + i, count - i, aligned);
            load_run<run>(d, d_y + i, count - i, aligned);
#pragma unroll
            for (int k = 0; k < run; k++) {
                float s = 1.0f / (1.0f + expf(-x[k]));
                u[k] = d[k] * u[k] * s * (1.0f + x[k] * (1.0f - s));
                d[k] = d[k] * x[k] * s;
            }
            store_run<run>(d_up + i, d, count - i, aligned);
            store_run<run>(d_gate + i, u, count - i, aligned);
        }
    }
};

}  // namespace ottava
