// Elementwise operations: fill, cast, add. See ottava/elementwise.h.
// Grid: one-dimensional, any size; block: 256 threads. A thread takes runs of elements in 16-byte accesses; the last run, and unaligned
// memory, in single ones. Every byte is read once and written once. No shared memory.
#pragma once

#include "../common/elements.cuh"

namespace ottava {

// x = `bytes` bytes of the pattern, which repeats; x is a multiple of 16 if aligned.
struct any_fill {
    static constexpr int threads = 256;
    void* x;
    int64_t bytes;
    uint32_t pattern;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        for (int64_t at = grid_thread() * 16; at < bytes; at += grid_threads() * 16) {
            char* p = static_cast<char*>(x) + at;
            if (aligned && bytes - at >= 16) {
                store_16(p, make_uint4(pattern, pattern, pattern, pattern));
            } else {
#pragma unroll
                for (int k = 0; k < 16; k++)
                    if (at + k < bytes) p[k] = static_cast<char>(pattern >> k % 4 * 8);
            }
        }
    }
};

// destination [count] of D = source [count] of S, rounded to nearest even.
template <class D, class S>
struct any_cast {
    static constexpr int threads = 256;
    static constexpr int run = 8;
    D* destination;
    const S* source;
    int64_t count;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        for (int64_t i = grid_thread() * run; i < count; i += grid_threads() * run) {
            float x[run];
            load_run<run>(x, source + i, count - i, aligned);
            store_run<run>(destination + i, x, count - i, aligned);
        }
    }
};

// out = a + b, all [count]; out may be a or b.
template <class T>
struct any_add {
    static constexpr int threads = 256;
    static constexpr int run = Packet<T>::width;
    T* out;
    const T* a;
    const T* b;
    int64_t count;
    bool aligned;

    __device__ __forceinline__ void operator()() const {
        for (int64_t i = grid_thread() * run; i < count; i += grid_threads() * run) {
            float x[run], y[run];
            load_run<run>(x, a + i, count - i, aligned);
            load_run<run>(y, b + i, count - i, aligned);
#pragma unroll
            for (int k = 0; k < run; k++) x[k] += y[k];
            store_run<run>(out + i, x, count - i, aligned);
        }
    }
};

}  // namespace ottava
