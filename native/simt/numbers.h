// The numbers that tensor cores multiply, and how they add products.
#pragma once

#include <cstdint>

#include "bfloat16.h"

namespace ottava::simt {

enum NumberType { BF16, E4M3, E5M2, S8, S4 };

// By the type in C++; FP8 types are defined, and added to these, in src/main/cuda/ptx/fp8.cuh.
template <class T>
inline constexpr NumberType number_type = T::unknown;
template <>
inline constexpr NumberType number_type<__nv_bfloat16> = BF16;
template <>
inline constexpr NumberType number_type<int8_t> = S8;

inline bool is_integer(NumberType type) {
    return type == S8 || type == S4;
}
inline int numbers_per_byte_pair(NumberType type) {
    return type == BF16 ? 1 : type == S4 ? 4 : 2;
}

// As many numbers as the bytes hold, an even number of bytes; integers as int32_t, others as float. The lowest bits come first.
void decode(NumberType type, const unsigned char* bytes, int count, float* numbers);
void decode(NumberType type, const unsigned char* bytes, int count, int32_t* numbers);

// sums[j][i] += a[0][i] · b[j][0] + a[1][i] · b[j][1] + ... for 16 rows i and n columns j, k terms in this order, each product and sum
// rounded (products of the types above are exact).
void add_products(float* sums, const float* a, const float* b, int n, int k);
void add_products(int32_t* sums, const int32_t* a, const int32_t* b, int n, int k);

// The same as tensor cores of Hopper do it for FP8: sum and products are aligned to the largest exponent among them, e (of a product: the
// sum of its factors' exponents), cut off below 2^(e - 13), towards zero, and added without further loss.
void add_products_truncated(float* sums, const float* a, const float* b, int n, int k);

}  // namespace ottava::simt
