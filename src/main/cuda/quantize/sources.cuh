// What is quantised: each source makes runs of eight columns of one or two matrices, rounded as if they were stored: to the type of what is
// read, F32 where that is codes.
#pragma once

#include "../activation/any_swiglu.cuh"
#include "../norm/any_rms_norm.cuh"

namespace ottava {

// Eight elements of T, packed.
template <class T>
struct Run {
    static constexpr int width = 8, packets = width / Packet<T>::width;
    uint4 packed[packets];

    __device__ __forceinline__ void unpack(float* x) const {
#pragma unroll
        for (int v = 0; v < packets; v++) {
            Packet<T> packet;
            memcpy(&packet, packed + v, 16);
#pragma unroll
            for (int k = 0; k < Packet<T>::width; k++) x[v * Packet<T>::width + k] = Element<T>::load(packet.bits[k]);
        }
    }
    __device__ __forceinline__ void pack(const float* x) {
        typename Element<T>::Bits bits[width];
#pragma unroll
        for (int k = 0; k < width; k++) bits[k] = Element<T>::store(x[k]);
        memcpy(packed, bits, sizeof(packed));
    }
    // As load_run, without a change of type between.
    __device__ __forceinline__ void load(const T* p, int64_t count, bool aligned) {
        if (aligned && count >= width) {
#pragma unroll
            for (int v = 0; v < packets; v++) packed[v] = load_16(p + v * Packet<T>::width);
        } else {
            using Bits = typename Element<T>::Bits;
            Bits bits[width];
#pragma unroll
            for (int k = 0; k < width; k++) bits[k] = k < count ? reinterpret_cast<const Bits*>(p)[k] : Bits(0);
            memcpy(packed, bits, sizeof(packed));
        }
    }
};

// A source has the constant `outputs`, the type `Type`, and make(runs, i, j, count): the runs of its matrices from column j of row i on, of
// which `count` columns exist, none if it is not positive; zeros for the rest.

// x itself.
template <class T>
struct StoredMatrix {
    using Type = T;
    static constexpr int outputs = 1;
    const T* x;
    int64_t pitch;
    bool aligned;

    __device__ __forceinline__ void make(Run<T>* runs, int64_t i, int64_t j, int64_t count) const {
        runs[0].load(x + i * pitch + j, count, aligned);
    }
};

// y of any_rms_norm_forward; `aligned`: the weight.
template <class Rows, class T>
struct RmsNormOf {
    using Type = typename Rows::Type;
    static constexpr int outputs = 1;
    Rows x;
    const T* weight;
    const float* inverse_rms;
    bool aligned;

    __device__ __forceinline__ void make(Run<Type>* runs, int64_t i, int64_t j, int64_t count) const {
        float v[8], w[8];
        x.load(v, i, j, count);
        load_run<8>(w, weight + j, count, aligned);
        float r = count > 0 ? inverse_rms[i] : 0.0f;
#pragma unroll
        for (int k = 0; k < 8; k++) v[k] = rms_norm_element(v[k], r, w[k]);
        runs[0].pack(v);
    }
};

// y of any_swiglu_forward.
template <class Rows>
struct SwiGluOf {
    using Type = typename Rows::Type;
    static constexpr int outputs = 1;
    Rows gate, up;

    __device__ __forceinline__ void make(Run<Type>* runs, int64_t i, int64_t j, int64_t count) const {
        float x[8], u[8];
        gate.load(x, i, j, count);
        up.load(u, i, j, count);
#pragma unroll
        for (int k = 0; k < 8; k++) u[k] = swiglu_element(x[k], u[k]);
        runs[0].pack(u);
    }
};

// d_gate and d_up of any_swiglu_backward.
template <class Rows, class T>
struct SwiGluGradientOf {
    using Type = typename Rows::Type;
    static constexpr int outputs = 2;
    DenseRows<T> d_y;
    Rows gate, up;

    __device__ __forceinline__ void make(Run<Type>* runs, int64_t i, int64_t j, int64_t count) const {
        float x[8], u[8], d[8];
        gate.load(x, i, j, count);
        up.load(u, i, j, count);
        d_y.load(d, i, j, count);
#pragma unroll
        for (int k = 0; k < 8; k++) swiglu_gradient(x[k], u[k], d[k]);
        runs[0].pack(x);
        runs[1].pack(u);
    }
};

}  // namespace ottava
