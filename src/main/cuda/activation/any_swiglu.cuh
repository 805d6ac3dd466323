// SwiGLU. See ottava/activation.h.
// Grid: one-dimensional, any size; block: 256 threads; no shared memory. Every byte is read once and written once.
#pragma once

#include "../common/elements.cuh"

namespace ottava {

// silu(x) * u.
__device__ __forceinline__ float swiglu_element(float x, float u) {
    return u * (x / (1.0f + expf(-x)));
}

// The gradients of x and u, in their place, of d.
__device__ __forceinline__ void swiglu_gradient(float& x, float& u, float d) {
    float s = 1.0f / (1.0f + expf(-x));
    float d_x = d * u * s * (1.0f + x * (1.0f - s));
    u = d * x * s;
    x = d_x;
}

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
            for (int k = 0; k < run; k++) u[k] = swiglu_element(x[k], u[k]);
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
            for (int k = 0; k < run; k++) swiglu_gradient(x[k], u[k], d[k]);
            store_run<run>(d_up + i, u, count - i, aligned);
            store_run<run>(d_gate + i, x, count - i, aligned);
        }
    }
};

}  // namespace ottava
