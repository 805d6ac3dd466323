// How a block of attention walks over its problem, and how tiles come into shared memory.
//
// The query heads of a group share keys and values, so a block takes the rows of a group together: row r of key/value head `head` of a
// sequence is query r / group of head `head` * group + r % group. Queries of neighbouring rows are the same or neighbours, so the causal
// mask stays a diagonal; a decoded token (one query) is a tile of `group` rows; and the gradients of keys and values sum over a group by
// walking over its rows.
#pragma once

#include "warp_products.cuh"

namespace ottava {

constexpr float log2_e = 1.44269504088896341f;

// Rows of a block: 16 for each of four warps.
constexpr int block_rows = 64;

// The sizes of a call. Tensors are contiguous but for the sequences of keys and values, which lie key_batch_pitch elements apart.
struct AttentionShape {
    int heads, kv_heads, head_dim, query_length, key_length;
    int64_t key_batch_pitch;
    float scale;

    __host__ __device__ int group() const { return heads / kv_heads; }
    __host__ __device__ int rows() const { return query_length * group(); }
    __device__ int key_pitch() const { return kv_heads * head_dim; }
    __device__ int query_of(int row) const { return row / group(); }
    // The last key that a row sees.
    __device__ int last_key(int row) const { return query_of(row) + key_length - query_length; }
    // Where row r is in a tensor [batch, query_length, heads, ...], counted in heads, and in one of [batch, heads, query_length].
    __device__ int64_t head_at(int64_t batch, int head, int row) const {
        return (batch * query_length + query_of(row)) * heads + head * group() + row % group();
    }
    __device__ int64_t sum_at(int64_t batch, int head, int row) const {
        return (batch * heads + head * group() + row % group()) * query_length + query_of(row);
    }
    __device__ int64_t key_at(int64_t batch, int head, int key) const {
        return batch * key_batch_pitch + static_cast<int64_t>(key) * key_pitch() + head * head_dim;
    }
};

// Copies `rows` rows to shared memory; zeros from row `valid` on and from element head_dim to width. row_at gives the address of a row,
// which is a multiple of 16 bytes.
template <int rows, int width, class T, class RowAt>
__device__ __forceinline__ void load_tile(T* tile, int valid, int head_dim, RowAt row_at) {
    constexpr int values = 16 / sizeof(T), chunks = width / values;
#pragma unroll 2
    for (int i = threadIdx.x; i < rows * chunks; i += 2 * block_rows) {
        int row = i / chunks, column = i % chunks * values;
        uint4 chunk = make_uint4(0, 0, 0, 0);
        if (row < valid && column < head_dim) chunk = *reinterpret_cast<const uint4*>(row_at(row) + column);
        *reinterpret_cast<uint4*>(tile + row * padded_row<T, width> + column) = chunk;
    }
}

}  // namespace ottava
