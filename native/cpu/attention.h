// What the forward and the backward pass of attention share.
//
// Everything is computed transposed: a tile of scores is S^T [keys, queries], with the queries along the lanes of vectors. So the softmax,
// which runs over keys, needs no sums across lanes, and every product finds one operand packed once per tile and the other as it lies in
// memory:
//   S^T = K Q^T, O^T += V^T P^T;   dP^T = V dO^T, dV += P^T dO, dK += dS^T Q, dQ^T += K^T dS^T.
#pragma once

#include <omp.h>

#include "packing.h"

OTTAVA_CPU_BEGIN

constexpr float log2_e = 1.44269504088896341f;

// 2^x with a relative error of about 1e-7; 0 below 2^-126, NaN for NaN. Not for x > 127.
inline vec exp2(vec x) {
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, which is then the low bits
    vec shifted = x + magic;
    vec f = x - (shifted - magic);
    // The minimax polynomial of degree 6 of 2^f on [-1/2, 1/2].
    vec p = splat(0x1.41d334p-13f);
    p = p * f + 0x1.5f456ap-10f;
    p = p * f + 0x1.3b2dbcp-7f;
    p = p * f + 0x1.c6aed4p-5f;
    p = p * f + 0x1.ebfbdap-3f;
    p = p * f + 0x1.62e430p-1f;
    p = p * f + 1.0f;
    vec result = (vec)((ivec)p + ((ivec)shifted << 23));
    return (vec)(~(x < -126.0f) & (ivec)result);
}

// Where a tile of keys and a tile of queries meet the causal diagonal: key row r is seen by query column c
// if r <= c + diagonal (and r < keys). Rows and columns are counted within the tile.
struct Mask {
    int keys;
    int diagonal;

    // The keys begin at first_key, the first query is at first_position. Far from the diagonal its distance does not matter.
    Mask(int64_t key_count, int64_t first_position, int64_t first_key)
        : keys(static_cast<int>(key_count)), diagonal(static_cast<int>(smaller(first_position - first_key, 1 << 16))) {}

    static int clamp(int value, int low, int high) { return value < low ? low : value > high ? high : value; }
    // Rows before this are seen by every column of the vector; rows from end_of(vector) on by none.
    int full_rows(int vector) const { return clamp(vector * lanes + diagonal + 1, 0, keys); }
    int end_row(int vector) const { return clamp((vector + 1) * lanes + diagonal, 0, keys); }
    // The last row that each column of the vector sees.
    ivec last_rows(int vector) const {
        ivec last = Lanes::indices() + (vector * lanes + diagonal);
        return last < keys ? last : ivec{} + (keys - 1);
    }
};

// The rows of a block are keys: the first columns do not see them.
template <int Values>
struct KeysAreRows : Everything {
    int diagonal;
    explicit KeysAreRows(const Mask& mask) : diagonal(mask.diagonal) {}
    int first_column(int row) const { return row > diagonal ? row - diagonal : 0; }
};
// ... in S^T and dP^T, whose columns are the queries,
struct ScoresTrim : KeysAreRows<1> {
    using KeysAreRows::KeysAreRows;
    int first_vector(int row) const { return first_column(row) / lanes; }
};
// ... and in dK and dV, whose summed dimension is the queries.
template <int Values>
struct KeyGradientTrim : KeysAreRows<Values> {
    using KeysAreRows<Values>::KeysAreRows;
    int first_depth(int row) const { return this->first_column(row) / Values; }
};
// The columns are queries and the summed dimension is the keys: the last keys are not seen. O^T and dQ^T.
template <int Values>
struct QueryTrim : Everything {
    Mask mask;
    explicit QueryTrim(const Mask& m) : mask(m) {}
    int depth_end(int column_end, int) const { return (Mask::clamp(column_end + mask.diagonal, 0, mask.keys) + Values - 1) / Values; }
};

// The pitch of rows of head_dim values packed along the depth.
template <class E>
inline int depth_pitch(int64_t head_dim) {
    return static_cast<int>(round_up(head_dim / values_of<E>, lanes));
}

inline int vectors_of(int64_t count) {
    return static_cast<int>((count + lanes - 1) / lanes);
}

// target[r, c] = factors[r] * transposed[c, r], rounded. columns is a multiple of 16.
template <class T>
static void store_transposed(T* target, int64_t target_pitch, const float* transposed, int64_t pitch, int rows, int columns,
                             const float* factors) {
    for (int r = 0; r < rows; r += lanes)
        for (int c = 0; c < columns; c += lanes) {
            vec square[lanes];
#pragma GCC unroll 16
            for (int i = 0; i < lanes; i++)
                square[i] = load_unaligned<vec>(transposed + (c + i) * pitch + r) * load_unaligned<vec>(factors + r);
            transpose(square);
            for (int i = 0; i < lanes && r + i < rows; i++) {
                float values[lanes];
                store_unaligned(values, square[i]);
                T* row = target + (r + i) * target_pitch + c;
                for (int j = 0; j < lanes; j++) store(row[j], values[j]);
            }
        }
}

inline void check_attention(const char* name, int dtype, int64_t heads, int64_t kv_heads, int64_t head_dim, int64_t query_length,
                            int64_t key_length) {
    if (dtype != OTTAVA_F32 && dtype != OTTAVA_BF16) fail(OTTAVA_UNSUPPORTED, "%s on cpu: dtype %d is neither f32 nor bf16", name, dtype);
    if (head_dim < 16 || head_dim > 128 || head_dim % 16 != 0)
        fail(OTTAVA_UNSUPPORTED, "%s on cpu: head_dim %lld is not a multiple of 16 up to 128", name, static_cast<long long>(head_dim));
    if (kv_heads < 1 || heads < 1 || heads % kv_heads != 0)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: %lld heads are not a multiple of %lld key/value heads", name, static_cast<long long>(heads),
             static_cast<long long>(kv_heads));
    if (query_length < 0 || query_length > key_length)
        fail(OTTAVA_INVALID_ARGUMENT, "%s: query_length %lld is not between 0 and key_length %lld", name,
             static_cast<long long>(query_length), static_cast<long long>(key_length));
}

OTTAVA_CPU_END
