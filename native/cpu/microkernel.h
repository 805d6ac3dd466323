// The register-tile product that the matrix product and attention stand on, written once for all vector widths.
//
// An operand is packed into elements of 32 bits: floats, or (where the processor multiplies them) pairs of bf16 that are neighbours along
// the summed dimension. In C[rows, columns] += A[rows, depth] B[depth, columns] the columns lie along the lanes of vectors, elements of A
// are broadcast, and a tile of C stays in registers over the whole depth.
#pragma once

#include "kernels.h"

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

OTTAVA_CPU_BEGIN

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

// 8 x 3 accumulators fill 32 registers, 4 x 3 fill 16.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int tile_rows = 8;
#else
constexpr int tile_rows = 4;
#endif
constexpr int tile_vectors = 3;

typedef float vec __attribute__((vector_size(4 * lanes)));
typedef int32_t ivec __attribute__((vector_size(4 * lanes)));

template <class V, class T>
inline V load_unaligned(const T* source) {
    V value;
    memcpy(&value, source, sizeof value);
    return value;
}

template <class V, class T>
inline void store_unaligned(T* target, V value) {
    memcpy(target, &value, sizeof value);
}

inline vec splat(float value) {
    return value - vec{};
}

inline vec maximum(vec a, vec b) {
    return a > b ? a : b;
}

struct bf16_pair {
    uint32_t bits;
};

// How many values of the summed dimension an element holds.
template <class E>
constexpr int values_of = 1;
template <>
constexpr int values_of<bf16_pair> = 2;

inline vec multiply_add(float a, vec b, vec sum) {
    return sum + a * b;
}

inline vec load_elements(const float* source) {
    return load_unaligned<vec>(source);
}

#ifdef __AVX512BF16__
#define OTTAVA_BF16_PAIRS 1
inline vec multiply_add(bf16_pair a, vec b, vec sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32(static_cast<int>(a.bits)), (__m512bh)b);
}

inline vec load_elements(const bf16_pair* source) {
    return load_unaligned<vec>(source);
}

// What bf16 operands are packed into.
using bf16_element = bf16_pair;
#else
using bf16_element = float;
#endif

// Which index of A is the contiguous one: depth (A lies as [rows, depth]) or row ([depth, rows]).
enum class Along { depth, rows };

// What C holds before the products are added: nothing, its present value, or that value times a factor for each column.
struct Start {
    bool zero;
    const float* factors;
};
constexpr Start from_zero{true, nullptr};
constexpr Start accumulating{false, nullptr};

template <Along along, int Vectors, class E>
static inline void register_tile(const E* a, int64_t a_pitch, const E* b, int64_t b_pitch, int64_t depth, float* c, int64_t c_pitch,
                                 Start start) {
    vec sum[tile_rows][Vectors];
    if (start.zero) {
#pragma GCC unroll 8
        for (int i = 0; i < tile_rows; i++)
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; v++) sum[i][v] = vec{};
    } else {
#pragma GCC unroll 8
        for (int i = 0; i < tile_rows; i++)
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; v++) {
                sum[i][v] = load_unaligned<vec>(c + i * c_pitch + v * lanes);
                if (start.factors != nullptr) sum[i][v] *= load_unaligned<vec>(start.factors + v * lanes);
            }
    }
    for (int64_t k = 0; k < depth; k++) {
        vec row[Vectors];
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; v++) row[v] = load_elements(b + k * b_pitch + v * lanes);
#pragma GCC unroll 8
        for (int i = 0; i < tile_rows; i++) {
            E factor = along == Along::depth ? a[i * a_pitch + k] : a[k * a_pitch + i];
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; v++) sum[i][v] = multiply_add(factor, row[v], sum[i][v]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < tile_rows; i++)
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; v++) store_unaligned(c + i * c_pitch + v * lanes, sum[i][v]);
}

// What of a product need not be computed; this one leaves nothing out. Rows come in blocks of tile_rows beginning at `row`.
struct Everything {
    // The first vector of columns to compute in a block of rows, the first depth to sum, and the end of the depth for columns before
    // column_end.
    int first_vector(int) const { return 0; }
    int first_depth(int) const { return 0; }
    int depth_end(int, int depth) const { return depth; }
};

// C += A B for `rows` (a multiple of tile_rows) and `vectors` x lanes columns. B lies as [depth, columns].
template <Along along, class E, class Trim>
static inline void multiply(int rows, int vectors, int depth, const E* a, int64_t a_pitch, const E* b, int64_t b_pitch, float* c,
                            int64_t c_pitch, Start start, Trim trim) {
    for (int row = 0; row < rows; row += tile_rows) {
        int first = trim.first_depth(row);
        for (int vector = trim.first_vector(row), width; vector < vectors; vector += width) {
            // Four vectors go as 2 + 2, not 3 + 1: a narrow tile is bound by its loads.
            int left = vectors - vector;
            width = left == 4 ? 2 : left < tile_vectors ? left : tile_vectors;
            int column = vector * lanes;
            int count = trim.depth_end(column + width * lanes, depth) - first;
            const E* a_tile = a + (along == Along::depth ? row * a_pitch + first : first * a_pitch + row);
            const E* b_tile = b + first * b_pitch + column;
            float* c_tile = c + row * c_pitch + column;
            Start tile_start{start.zero, start.factors == nullptr ? nullptr : start.factors + column};
            switch (width) {
                case 1: register_tile<along, 1>(a_tile, a_pitch, b_tile, b_pitch, count, c_tile, c_pitch, tile_start); break;
                case 2: register_tile<along, 2>(a_tile, a_pitch, b_tile, b_pitch, count, c_tile, c_pitch, tile_start); break;
                default: register_tile<along, 3>(a_tile, a_pitch, b_tile, b_pitch, count, c_tile, c_pitch, tile_start);
            }
        }
    }
}

OTTAVA_CPU_END
