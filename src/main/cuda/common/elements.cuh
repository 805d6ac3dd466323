// Elements as floats, and a thread's run of consecutive elements in 16-byte accesses.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../cuda_types.cuh"

namespace ottava {

using bf16 = __nv_bfloat16;

struct f16 {
    uint16_t bits;
};

__device__ __forceinline__ float bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

__device__ __forceinline__ uint32_t float_to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

__device__ __forceinline__ bool is_nan_bits(uint32_t bits) {
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

// What an element is in memory, by its type: the bits of T, from and to a float.
template <class T>
struct Element;

template <>
struct Element<float> {
    using Bits = uint32_t;
    static __device__ __forceinline__ float load(Bits bits) { return bits_to_float(bits); }
    static __device__ __forceinline__ Bits store(float value) { return float_to_bits(value); }
};

template <>
struct Element<bf16> {
    using Bits = uint16_t;
    static __device__ __forceinline__ float load(Bits bits) { return bits_to_float(static_cast<uint32_t>(bits) << 16); }
    // To nearest even; a NaN becomes a quiet NaN.
    static __device__ __forceinline__ Bits store(float value) {
        bf16 rounded = __float2bfloat16_rn(value);
        Bits bits;
        memcpy(&bits, &rounded, 2);
        return bits;
    }
};

template <>
struct Element<f16> {
    using Bits = uint16_t;
    static __device__ __forceinline__ float load(Bits bits) {
        uint32_t sign = (bits & 0x8000u) << 16, rest = bits & 0x7fffu;
        if (rest >= 0x7c00u) return bits_to_float(sign | 0x7f800000u | ((rest & 0x3ffu) << 13));
        // 2^112 moves the exponent from bias 15 to bias 127, and makes subnormals normal.
        return bits_to_float(float_to_bits(bits_to_float(rest << 13) * 0x1p112f) | sign);
    }
    static __device__ __forceinline__ Bits store(float value) {
        uint32_t bits = float_to_bits(value), sign = (bits >> 16) & 0x8000u, rest = bits & 0x7fffffffu, result;
        if (rest > 0x7f800000u) {
            result = 0x7e00u;
        } else if (rest >= 0x477ff000u) {
            result = 0x7c00u;
        } else if (rest < 0x38800000u) {
            // Subnormal: adding 0.5 leaves the bits, rounded by the hardware, at the bottom of the significand.
            result = float_to_bits(bits_to_float(rest) + 0.5f) - 0x3f000000u;
        } else {
            result = (rest - 0x38000000u + 0xfffu + ((rest >> 13) & 1u)) >> 13;
        }
        return static_cast<Bits>(sign | result);
    }
};

// 16 bytes, loaded or stored at once from an address that is a multiple of 16.
__device__ __forceinline__ uint4 load_16(const void* p) {
    return *static_cast<const uint4*>(p);
}

__device__ __forceinline__ void store_16(void* p, uint4 value) {
    *static_cast<uint4*>(p) = value;
}

// The elements of one 16-byte access.
template <class T>
struct Packet {
    static constexpr int width = 16 / static_cast<int>(sizeof(T));
    typename Element<T>::Bits bits[width];
};

template <class T>
__device__ __forceinline__ float load(const T* p) {
    return Element<T>::load(*reinterpret_cast<const typename Element<T>::Bits*>(p));
}

template <class T>
__device__ __forceinline__ void store_element(T* p, typename Element<T>::Bits bits) {
    *reinterpret_cast<typename Element<T>::Bits*>(p) = bits;
}

// x[0 .. N) = the elements at p, of which there are `count` (at most N matter; 0 stands for the rest). `aligned`: p is a multiple of 16
// bytes.
template <int N, class T>
__device__ __forceinline__ void load_run(float* x, const T* p, int64_t count, bool aligned) {
    static_assert(N % Packet<T>::width == 0, "a run is a number of 16-byte accesses");
    constexpr int width = Packet<T>::width;
    if (aligned && count >= N) {
#pragma unroll
        for (int v = 0; v < N; v += width) {
            uint4 raw = load_16(p + v);
            Packet<T> packet;
            memcpy(&packet, &raw, 16);
#pragma unroll
            for (int k = 0; k < width; k++) x[v + k] = Element<T>::load(packet.bits[k]);
        }
    } else {
#pragma unroll
        for (int k = 0; k < N; k++) x[k] = k < count ? load(p + k) : 0.0f;
    }
}

// Stores the first `count` of N elements, given as bits.
template <int N, class T>
__device__ __forceinline__ void store_bits(T* p, const typename Element<T>::Bits* bits, int64_t count, bool aligned) {
    static_assert(N % Packet<T>::width == 0, "a run is a number of 16-byte accesses");
    constexpr int width = Packet<T>::width;
    if (aligned && count >= N) {
#pragma unroll
        for (int v = 0; v < N; v += width) {
            uint4 raw;
            memcpy(&raw, bits + v, 16);
            store_16(p + v, raw);
        }
    } else {
#pragma unroll
        for (int k = 0; k < N; k++)
            if (k < count) store_element(p + k, bits[k]);
    }
}

template <int N, class T>
__device__ __forceinline__ void store_run(T* p, const float* x, int64_t count, bool aligned) {
    typename Element<T>::Bits bits[N];
#pragma unroll
    for (int k = 0; k < N; k++) bits[k] = Element<T>::store(x[k]);
    store_bits<N>(p, bits, count, aligned);
}

// Where a thread of a one-dimensional grid begins, and how far it is to its next turn, in units of one per thread.
__device__ __forceinline__ int64_t grid_thread() {
    return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

__device__ __forceinline__ int64_t grid_threads() {
    return static_cast<int64_t>(gridDim.x) * blockDim.x;
}

}  // namespace ottava
