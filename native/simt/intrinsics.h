// CUDA's scalar intrinsics and mathematics. Fast approximations (__expf) are the exact functions here: CUDA's own are a few units in the
// last place away, which tolerances have to allow for.
#pragma once

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>

inline float __uint_as_float(unsigned bits) {
    return std::bit_cast<float>(bits);
}
inline float __int_as_float(int bits) {
    return std::bit_cast<float>(bits);
}
inline unsigned __float_as_uint(float value) {
    return std::bit_cast<unsigned>(value);
}
inline int __float_as_int(float value) {
    return std::bit_cast<int>(value);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32);
}
inline int __popc(unsigned value) {
    return std::popcount(value);
}
inline int __clz(int value) {
    return std::countl_zero(static_cast<unsigned>(value));
}
inline int __ffs(int value) {
    return __builtin_ffs(value);
}
// Bytes of y:x, numbered from the lowest, by the lower three bits of each digit of the selector; a digit above 7 spreads the byte's sign.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
    uint64_t bytes = static_cast<uint64_t>(y) << 32 | x;
    unsigned result = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned digit = selector >> 4 * i & 15, byte = static_cast<unsigned>(bytes >> 8 * (digit & 7)) & 0xff;
        if (digit & 8) byte = byte & 0x80 ? 0xff : 0;
        result |= byte << 8 * i;
    }
    return result;
}
// To nearest even; out of range to the nearest integer there is, NaN to 0.
inline int __float2int_rn(float value) {
    if (!(value == value)) return 0;
    return value >= 0x1p31f ? INT32_MAX : value < -0x1p31f ? INT32_MIN : static_cast<int>(nearbyintf(value));
}
inline float __int2float_rn(int value) {
    return static_cast<float>(value);
}
inline float __saturatef(float value) {
    return value > 0 ? (value < 1 ? value : 1.0f) : 0.0f;
}
inline float __expf(float x) {
    return expf(x);
}
inline float __logf(float x) {
    return logf(x);
}
inline float __log2f(float x) {
    return log2f(x);
}
inline float __fdividef(float a, float b) {
    return a / b;
}
inline float __fadd_rn(float a, float b) {
    return a + b;
}
inline float __fsub_rn(float a, float b) {
    return a - b;
}
inline float __fmul_rn(float a, float b) {
    return a * b;
}
inline float __fmaf_rn(float a, float b, float c) {
    return fmaf(a, b, c);
}
inline float __fdiv_rn(float a, float b) {
    return a / b;
}
inline float __frcp_rn(float a) {
    return 1.0f / a;
}
inline float __fsqrt_rn(float a) {
    return sqrtf(a);
}
inline float rsqrtf(float x) {
    return 1.0f / sqrtf(x);
}

template <class T>
T __ldg(const T* address) {
    return *address;
}

inline int min(int a, int b) {
    return a < b ? a : b;
}
inline int max(int a, int b) {
    return a > b ? a : b;
}
inline unsigned min(unsigned a, unsigned b) {
    return a < b ? a : b;
}
inline unsigned max(unsigned a, unsigned b) {
    return a > b ? a : b;
}
inline long min(long a, long b) {
    return a < b ? a : b;
}
inline long max(long a, long b) {
    return a > b ? a : b;
}
inline long long min(long long a, long long b) {
    return a < b ? a : b;
}
inline long long max(long long a, long long b) {
    return a > b ? a : b;
}
inline float min(float a, float b) {
    return fminf(a, b);
}
inline float max(float a, float b) {
    return fmaxf(a, b);
}

template <class T>
T atomicAdd(T* address, T value) {
    return std::atomic_ref<T>(*address).fetch_add(value);
}
inline int atomicMax(int* address, int value) {
    std::atomic_ref<int> word(*address);
    int old = word.load();
    while (old < value && !word.compare_exchange_weak(old, value)) {
    }
    return old;
}
template <class T>
T atomicExch(T* address, T value) {
    return std::atomic_ref<T>(*address).exchange(value);
}
template <class T>
T atomicCAS(T* address, T expected, T value) {
    std::atomic_ref<T>(*address).compare_exchange_strong(expected, value);
    return expected;
}
