#include "numbers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace ottava::simt {

#if defined(__x86_64__) && defined(__ELF__)  // the loader picks the clone
#define OTTAVA_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define OTTAVA_CLONES
#endif

static inline uint32_t choose(bool condition, uint32_t yes, uint32_t no) {
    uint32_t mask = -static_cast<uint32_t>(condition);  // a branch would keep loops from being vectorised
    return (yes & mask) | (no & ~mask);
}

// As ptx::to_float of fp8.cuh, in a form that is vectorised.
OTTAVA_CLONES static void decode_e4m3(const unsigned char* __restrict codes, int count, float* __restrict numbers) {
    for (int i = 0; i < count; i++) {
        uint32_t sign = static_cast<uint32_t>(codes[i] & 0x80) << 24, rest = codes[i] & 0x7f;
        uint32_t normal = (rest << 20) + ((127 - 7) << 23);
        uint32_t subnormal = std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(rest)) * 0x1p-9f);
        uint32_t bits = sign | choose(rest < 8, subnormal, normal);
        numbers[i] = std::bit_cast<float>(choose(rest == 0x7f, 0x7fffffffu, bits));
    }
}

OTTAVA_CLONES static void decode_e5m2(const unsigned char* __restrict codes, int count, float* __restrict numbers) {
    for (int i = 0; i < count; i++) {
        uint32_t sign = static_cast<uint32_t>(codes[i] & 0x80) << 24, rest = codes[i] & 0x7f;
        uint32_t normal = (rest << 21) + ((127 - 15) << 23);
        uint32_t subnormal = std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(rest)) * 0x1p-16f);
        uint32_t bits = sign | choose(rest < 4, subnormal, choose(rest == 0x7c, 0x7f800000u, normal));
        numbers[i] = std::bit_cast<float>(choose(rest > 0x7c, 0x7fffffffu, bits));
    }
}

void decode(NumberType type, const unsigned char* bytes, int count, float* numbers) {
    if (type == E4M3) return decode_e4m3(bytes, count, numbers);
    if (type == E5M2) return decode_e5m2(bytes, count, numbers);
    for (int i = 0; i < count / 2; i++) {
        uint16_t half;
        std::memcpy(&half, bytes + 2 * i, 2);
        numbers[i] = std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
    }
}

void decode(NumberType type, const unsigned char* bytes, int count, int32_t* numbers) {
    for (int i = 0; i < count; i++) {
        if (type == S8) {
            numbers[i] = static_cast<int8_t>(bytes[i]);
        } else {
            numbers[2 * i] = static_cast<int8_t>(bytes[i] << 4) >> 4;
            numbers[2 * i + 1] = static_cast<int8_t>(bytes[i]) >> 4;
        }
    }
}

// Four columns of 16 rows at a time stay in vector registers.
template <class T>
__attribute__((always_inline)) static inline void add(T* sums, const T* a, const T* b, int n, int k) {
    typedef T Rows __attribute__((vector_size(64)));
    for (int j = 0; j < n; j += 4) {
        Rows column[4], rows;
        std::memcpy(column, sums + j * 16, sizeof column);
        for (int x = 0; x < k; x++) {
            std::memcpy(&rows, a + x * 16, sizeof rows);
#pragma GCC unroll 4
            for (int c = 0; c < 4; c++) column[c] += rows * b[(j + c) * k + x];
        }
        std::memcpy(sums + j * 16, column, sizeof column);
    }
}

OTTAVA_CLONES void add_products(float* sums, const float* a, const float* b, int n, int k) {
    add(sums, a, b, n, k);
}

OTTAVA_CLONES void add_products(int32_t* sums, const int32_t* a, const int32_t* b, int n, int k) {
    // Sums wrap around.
    add(reinterpret_cast<uint32_t*>(sums), reinterpret_cast<const uint32_t*>(a), reinterpret_cast<const uint32_t*>(b), n, k);
}

static int exponent(float value) {
    return value == 0 ? -1000 : std::ilogb(value);
}

void add_products_truncated(float* sums, const float* a, const float* b, int n, int k) {
    for (int j = 0; j < n; j++)
        for (int i = 0; i < 16; i++) {
            float& sum = sums[j * 16 + i];
            int largest = exponent(sum);
            bool finite = std::isfinite(sum);
            for (int x = 0; x < k; x++) {
                float p = a[x * 16 + i], q = b[j * k + x];
                finite = finite && std::isfinite(p) && std::isfinite(q);
                if (finite) largest = std::max(largest, exponent(p) + exponent(q));
            }
            if (!finite) {
                for (int x = 0; x < k; x++) sum += a[x * 16 + i] * b[j * k + x];
            } else if (largest > -1000) {
                auto cut = [&](float value) { return std::trunc(std::ldexp(static_cast<double>(value), 13 - largest)); };
                double total = cut(sum);
                for (int x = 0; x < k; x++) total += cut(a[x * 16 + i] * b[j * k + x]);
                sum = static_cast<float>(std::ldexp(total, largest - 13));
            }
        }
}

}  // namespace ottava::simt
